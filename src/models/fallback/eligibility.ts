import { TesseraError } from '../../domain/errors.js';
import type { Attempt, FallbackReason } from '../../domain/types.js';
import type { ModelEntry } from '../manifest-entry.js';
import type { Candidate } from './candidate.js';
import type { ChainRequest } from './chain-request.js';

/**
 * The step that an answer is compared with to tell a fallback; see ModelChain. Unusable providers and models that are
 * not installed come before it without counting.
 * @returns undefined when there is none: then only Lanczos is left, and that is a fallback.
 */
function firstEligible(
  steps: readonly Candidate[],
  request: Pick<ChainRequest, 'model'>,
): Candidate | undefined {
  // Lanczos is the first choice only where it is the only one, usable providers or not.
  if (steps.length === 1) return steps[0];
  const ofModels = steps.filter((step) => step.kind !== 'skip' || step.reason !== 'provider_unavailable');
  return (
    ofModels.find((step) => step.kind === 'skip' && step.model === request.model) ??
    ofModels.find((step) => step.kind === 'network')
  );
}

/** The steps that a request may be served by: without fallback none after the first eligible one. */
export function allowedSteps(
  steps: readonly Candidate[],
  request: Pick<ChainRequest, 'model' | 'fallback'>,
): { readonly allowed: readonly Candidate[]; readonly eligible: Candidate | undefined } {
  const eligible = firstEligible(steps, request);
  if (request.fallback) return { allowed: steps, eligible };
  return { allowed: steps.slice(0, eligible === undefined ? -1 : steps.indexOf(eligible) + 1), eligible };
}

/**
 * Steps in their order, but for those that stand in for a file that has not shown to be damaged.
 * @param damaged the models whose files did, kept up to date while the steps are walked.
 */
export function* stepsToTry(
  steps: readonly Candidate[],
  damaged: ReadonlySet<ModelEntry>,
): Generator<Candidate> {
  for (const step of steps) {
    if (step.kind === 'network' && step.standIn && !damaged.has(step.asked)) continue;
    yield step;
  }
}

/** When to come back for a candidate that did not serve: what passes with other work, or with the engine. The rest needs an operator. */
const PASSING_SECONDS: Partial<Record<FallbackReason, number>> = {
  out_of_memory: 30,
  over_time_budget: 30,
  device_lost: 10,
  engine_crash: 10,
};

/** What did not serve, as far as a refusal tells of it. */
type Tried = Pick<Attempt, 'model' | 'reason' | 'detail'>;

/**
 * What a caller with `fallback=false` is told, after the first eligible candidate did not serve.
 * @param eligible that candidate; chain models that are merely not installed are not to blame.
 */
export function fallbackRefused(
  tried: readonly Tried[],
  eligible: Candidate | undefined,
  request: Pick<ChainRequest, 'model'>,
): TesseraError {
  const wanted = eligible?.kind === 'network' ? eligible.entry.name : request.model;
  const unserved = tried.filter(({ reason }) => reason !== undefined);
  const blamed =
    unserved.findLast(({ model }) => model === wanted) ??
    unserved.findLast(({ reason }) => reason !== 'not_installed');
  const name = request.model ?? blamed?.model;
  const detail = name === undefined ? 'No model of the chain is installed.' : (blamed?.detail ?? '');
  const retryAfterSeconds = blamed?.reason === undefined ? undefined : PASSING_SECONDS[blamed.reason];
  return new TesseraError(
    'fallback_refused',
    `${name ?? 'No network'} could not serve this image, and fallback=false allows no other. ${detail}`.trim(),
    {
      internal: JSON.stringify(tried),
      details: retryAfterSeconds === undefined ? {} : { retryAfterSeconds },
    },
  );
}
