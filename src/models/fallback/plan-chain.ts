import { type FallbackReason, LANCZOS } from '../../domain/types.js';
import type { SpeedMemory } from '../cost/speed-memory.js';
import type { Share } from '../cost/workload.js';
import { ModelLoadError } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';
import { modelKey } from '../model-key.js';
import type { SessionPool } from '../onnx/session-pool.js';
import { TileFailure } from '../tile-model.js';
import { type NetworkCandidate, providerOf } from './candidate.js';
import type { CandidatePlan, ChainRequest } from './chain-request.js';
import { type allowedSteps, fallbackRefused, stepsToTry } from './eligibility.js';
import { estimate, exclusion, type Refusal, tileSize, workersOf } from './time-budget.js';

/** What a plan is made from besides the steps. */
export interface PlanSurroundings {
  readonly pool: SessionPool;
  readonly memory: SpeedMemory;
  /** What other requests have still to compute. */
  readonly share: Share;
  /** How many passes fit into the time, or why none does. */
  fit(step: NetworkCandidate): Refusal | { passes: 1 | 2 };
}

/**
 * What becomes of each step, were the image to come now. Loads models down to the one that serves, so that its speed is known;
 * computes nothing of the image.
 * @throws TesseraError fallback_refused when no step would serve.
 */
export async function planChain(
  { allowed, eligible }: ReturnType<typeof allowedSteps>,
  request: ChainRequest,
  around: PlanSurroundings,
): Promise<readonly CandidatePlan[]> {
  const planned: CandidatePlan[] = [];
  const refused: { model: string; reason: FallbackReason; detail: string }[] = [];
  const damaged = new Set<ModelEntry>();
  let served = false;
  for (const step of stepsToTry(allowed, damaged)) {
    if (step.kind === 'skip') {
      const { model, reason, detail } = step;
      refused.push({ model, reason, detail });
      planned.push({ model, passes: 1, serves: false, skipReason: reason, ...providerOf(step) });
      continue;
    }
    if (step.kind === 'lanczos') {
      planned.push({ model: LANCZOS, passes: 1, serves: !served });
      continue;
    }
    const refusal: Refusal | undefined = served ? undefined : await tryLoading(step, request, around);
    const fit: Refusal | { passes: 1 | 2 } = refusal ?? around.fit(step);
    if ('reason' in fit) refused.push({ model: step.entry.name, reason: fit.reason, detail: fit.detail });
    if (refusal?.reason === 'corrupt_model') damaged.add(step.asked);
    const passes = 'passes' in fit ? fit.passes : 1;
    const estimatedSeconds = estimate(step, request, passes, around.memory, around.share);
    planned.push({
      model: step.entry.name,
      provider: step.provider,
      entry: step.entry,
      tileSizePx: tileSize(step, request, around.memory),
      microsecondsPerPixel: around.memory.speed(modelKey(step.entry), step.provider),
      tileWorkers: workersOf(step, around.memory),
      passes,
      serves: !served && 'passes' in fit,
      ...(estimatedSeconds === undefined ? {} : { estimatedSeconds }),
      ...('reason' in fit ? { skipReason: fit.reason } : {}),
    });
    served ||= 'passes' in fit;
  }
  if (!planned.some((step) => step.serves)) throw fallbackRefused(refused, eligible, request);
  return planned;
}

/** Loads the model so that its speed is known. @returns why it cannot serve. */
async function tryLoading(
  step: NetworkCandidate,
  request: ChainRequest,
  { fit, pool }: PlanSurroundings,
): Promise<Refusal | undefined> {
  const excluded = exclusion(step, request);
  if (excluded !== undefined) return excluded;
  if ('reason' in fit(step)) return undefined;
  try {
    (await pool.borrow(step.entry, step.provider)).giveBack();
    return undefined;
  } catch (error) {
    if (error instanceof ModelLoadError || error instanceof TileFailure)
      return { outcome: 'failed', reason: error.reason, detail: error.message };
    throw error;
  }
}
