import type { CostModel } from '../../cost/cost-model.js';
import { type GridTerms, gridTerms, tilesSeconds, wantedPasses } from '../../cost/tile-grid.js';
import type { Share } from '../../cost/workload.js';
import type { FallbackReason } from '../../domain/types.js';
import { monotonicMs } from '../../host/clock.js';
import { modelKey } from '../model-key.js';
import type { NetworkCandidate } from './candidate.js';
import type { ChainRequest } from './chain-request.js';

/** Why a candidate does not serve. */
export interface Refusal {
  readonly outcome: 'failed' | 'skipped';
  readonly reason: FallbackReason;
  readonly detail: string;
}

/** The share of the time left that tiles may take; the rest is for the errors of estimates. */
const SHARE_FOR_TILES = 0.9;

/** What the grid of a candidate depends on, by what is known of it now. */
export function termsOf(
  { entry, provider }: NetworkCandidate,
  request: Pick<ChainRequest, 'tileSizePx'>,
  costs: CostModel,
): GridTerms {
  const key = modelKey(entry);
  const speed = costs.speed(key, provider);
  return gridTerms(
    { entry, provider },
    speed,
    costs.limits,
    request.tileSizePx,
    costs.tileSize(key, provider),
  );
}

/** @returns seconds that the tiles of a candidate take, nothing else being at work; undefined while its speed is unknown. */
export function secondsAlone(
  candidate: NetworkCandidate,
  request: ChainRequest,
  passes: 1 | 2,
  costs: CostModel,
): number | undefined {
  const overlapPx = request.tileOverlapPx ?? candidate.entry.overlapPx;
  return tilesSeconds(request, termsOf(candidate, request, costs), overlapPx, passes);
}

/** @returns seconds until the tiles of a candidate are done, beside the tiles of other requests; undefined while its speed is unknown. */
export function secondsShared(
  candidate: NetworkCandidate,
  request: ChainRequest,
  passes: 1 | 2,
  costs: CostModel,
  share: Pick<Share, 'delay'>,
): number | undefined {
  const alone = secondsAlone(candidate, request, passes, costs);
  return alone === undefined ? undefined : alone + share.delay(alone);
}

/**
 * Weighs a candidate against the time that is left.
 * @param slowdown how much slower than known the machine is.
 * @returns how many passes fit, or why not even one does.
 */
export function fitIntoTime(
  candidate: NetworkCandidate,
  request: ChainRequest,
  costs: CostModel,
  share: Pick<Share, 'delay'>,
  slowdown: number,
): Refusal | { readonly passes: 1 | 2 } {
  const leftMs = request.deadlineAtMs - monotonicMs() - request.finishing.networkMs;
  const leftSeconds = (leftMs / 1000) * SHARE_FOR_TILES;
  let needed = 0;
  for (const passes of wantedPasses(candidate.entry.scale, request.scale)) {
    needed = (secondsShared(candidate, request, passes, costs, share) ?? 0) * slowdown;
    if (needed <= leftSeconds) return { passes };
  }
  return {
    outcome: 'skipped',
    reason: 'over_time_budget',
    detail: `It would take about ${Math.ceil(needed)} s, and ${Math.max(0, Math.floor(leftSeconds))} s are left.`,
  };
}
