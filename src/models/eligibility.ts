import { TesseraError } from '../errors.js';
import type { FallbackReason } from '../types.js';
import type { Step } from './ladder.js';
import type { ChainRequest } from './rung.js';

/**
 * The step that an answer is compared with to tell a fallback; see ModelChain. Unusable providers and models that are
 * not installed come before it without counting.
 * @returns undefined when there is none: then only Lanczos is left, and that is a fallback.
 */
function firstEligible(steps: readonly Step[], request: Pick<ChainRequest, 'model'>): Step | undefined {
  const ofModels = steps.filter((step) => step.kind !== 'skip' || step.reason !== 'provider_unavailable');
  return (
    ofModels.find((step) => step.kind === 'skip' && step.model === request.model) ??
    // Lanczos is the first choice only where it is the only one.
    ofModels.find((step) => step.kind === 'network' || ofModels.length === 1)
  );
}

/** The steps that a request may be served by: without fallback none after the first eligible one. */
export function allowedSteps(
  steps: readonly Step[],
  request: Pick<ChainRequest, 'model' | 'fallback'>,
): { readonly allowed: readonly Step[]; readonly eligible: Step | undefined } {
  const eligible = firstEligible(steps, request);
  if (request.fallback) return { allowed: steps, eligible };
  return { allowed: steps.slice(0, eligible === undefined ? -1 : steps.indexOf(eligible) + 1), eligible };
}

/** What a caller with `fallback=false` is told, after the first eligible rung did not serve. */
export function fallbackRefused(
  attempts: readonly { readonly model: string; readonly reason?: FallbackReason; readonly detail?: string }[],
): TesseraError {
  const blamed = attempts.findLast((each) => each.reason !== undefined);
  return new TesseraError(
    'fallback_refused',
    `${blamed?.model ?? 'No model'} could not serve this image, and fallback=false allows no other. ${blamed?.detail ?? ''}`.trim(),
    { internal: JSON.stringify(attempts) },
  );
}
