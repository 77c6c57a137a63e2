import type { CostModel } from '../../cost/cost-model.js';
import type { Share } from '../../cost/workload.js';
import { TileFailure } from '../tile-model.js';
import { type NetworkCandidate, namesOf } from './candidate.js';
import type { CandidatePlan, ChainRequest } from './chain-request.js';
import { type Refusal, secondsShared, termsOf } from './time-budget.js';
import type { Walk } from './walk.js';

/**
 * Follows a walk without computing anything. Loads models down to the one that would serve, so that its speed is known.
 * @returns the candidates, the one expected to serve marked; those after it with what is known without loading.
 * @throws TesseraError fallback_refused when none would serve.
 */
export async function planChain(
  walk: Walk,
  request: ChainRequest,
  costs: CostModel,
  share: Share,
): Promise<readonly CandidatePlan[]> {
  const planned: CandidatePlan[] = [];
  const refused: (Pick<Refusal, 'reason' | 'detail'> & { readonly model: string })[] = [];
  let isServed = false;
  for (const candidate of walk) {
    const names = namesOf(candidate);
    if (candidate.kind === 'skip') {
      refused.push(candidate);
      planned.push({ ...names, serves: false, skipReason: candidate.reason });
    } else if (candidate.kind === 'lanczos') {
      planned.push({ ...names, serves: !isServed });
      isServed = true;
    } else {
      const fit: Refusal | { passes: 1 | 2 } = isServed
        ? walk.fit(candidate)
        : await tryLoading(walk, candidate);
      if ('reason' in fit) refused.push({ model: names.model, ...fit });
      const passes = 'passes' in fit ? fit.passes : 1;
      const overlapPx = request.tileOverlapPx ?? candidate.entry.overlapPx;
      const estimatedSeconds = secondsShared(candidate, request, passes, costs, share);
      planned.push({
        ...names,
        network: { terms: termsOf(candidate, request, costs), overlapPx, passes },
        serves: !isServed && 'passes' in fit,
        ...(estimatedSeconds === undefined ? {} : { estimatedSeconds }),
        ...('reason' in fit ? { skipReason: fit.reason } : {}),
      });
      isServed ||= 'passes' in fit;
    }
  }
  if (!isServed) throw walk.refused(refused);
  return planned;
}

async function tryLoading(walk: Walk, candidate: NetworkCandidate): Promise<Refusal | { passes: 1 | 2 }> {
  try {
    const opened = await walk.open(candidate);
    if ('loan' in opened) opened.loan.giveBack();
    return opened;
  } catch (error) {
    if (!(error instanceof TileFailure)) throw error;
    return { outcome: 'failed', reason: error.reason, detail: error.message };
  }
}
