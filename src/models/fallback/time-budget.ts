import { DEFAULT_TILE_PX, type FallbackReason, MAX_TILE_PX } from '../../domain/types.js';
import { monotonicMs } from '../../host/clock.js';
import type { SpeedMemory } from '../cost/speed-memory.js';
import { estimateSeconds, SHARE_FOR_TILES } from '../cost/time-budget.js';
import type { Share } from '../cost/workload.js';
import type { ModelEntry } from '../manifest-entry.js';
import { modelKey } from '../model-key.js';
import type { NetworkCandidate } from './candidate.js';
import type { ChainRequest } from './chain-request.js';

/** Why a step does not serve. */
export interface Refusal {
  readonly outcome: 'failed' | 'skipped';
  readonly reason: FallbackReason;
  readonly detail: string;
}

/** Of the candidate that was at work when it was. */
export const TIME_IS_OVER: Refusal = {
  outcome: 'failed',
  reason: 'over_time_budget',
  detail: 'The time for this image was over while it was at work.',
};

/** @returns the refusal of a candidate on which this very image failed before, or that has no processor. */
export function exclusion(step: NetworkCandidate, request: ChainRequest): Refusal | undefined {
  if (request.tilesAtWork) {
    const detail = 'Tiles of the network before it are still at work.';
    return { outcome: 'skipped', reason: 'over_time_budget', detail };
  }
  const excluded = request.excludedCandidates.find(
    (candidate) =>
      candidate.model === step.entry.name &&
      (candidate.provider === undefined || candidate.provider === step.provider),
  );
  return excluded === undefined
    ? undefined
    : { outcome: 'skipped', reason: excluded.reason, detail: 'It failed on this image before.' };
}

/** Whether an engine that died tried this candidate on this image: then its attempt is on record already. */
export function failedEarlier(step: NetworkCandidate, request: ChainRequest): boolean {
  return (
    exclusion(step, request) !== undefined &&
    request.earlierAttempts.some(
      (attempt) =>
        attempt.outcome === 'failed' &&
        attempt.model === step.entry.name &&
        attempt.provider === step.provider,
    )
  );
}

/** A square tile of a fast model takes no longer than this where the request names no size: progress has to move. */
const MAX_USUAL_TILE_US = 1e6;

/** Of a slow model, several of whose tiles are computed at once. */
const LANE_TILE_PX = 640;

/**
 * Largest tile side to begin with, in input pixels: what the request says, or else as much as the model does in a second on
 * this CPU, from `DEFAULT_TILE_PX` to `MAX_TILE_PX`. Larger tiles share fewer margins: with 52 pixels of overlap, tiles
 * of 512 compute a fifth more pixels than the image has.
 */
export function tileSize(step: NetworkCandidate, request: ChainRequest, memory: SpeedMemory): number {
  const { entry, provider } = step;
  return Math.min(
    request.tileSizePx ?? usualTileSize(step, memory),
    memory.tileSize(modelKey(entry), provider),
  );
}

function usualTileSize(step: NetworkCandidate, memory: SpeedMemory): number {
  const { entry, provider } = step;
  const speed = memory.speed(modelKey(entry), provider);
  if (speed === undefined || provider !== 'cpu') return DEFAULT_TILE_PX;
  if (workersOf(step, memory) > 1) return LANE_TILE_PX;
  const side = Math.floor(Math.sqrt(MAX_USUAL_TILE_US / speed));
  return Math.max(DEFAULT_TILE_PX, Math.min(MAX_TILE_PX, side, memory.roomyTilePx));
}

/**
 * Tiles to compute at once: one for each processor as far as memory allows, with a model that is so slow on this CPU that tiles stay
 * small. A faster one gains more by larger tiles, all processors at one.
 */
export function workersOf({ entry, provider }: NetworkCandidate, memory: SpeedMemory): number {
  const speed = memory.speed(modelKey(entry), provider);
  const slow = speed !== undefined && speed * DEFAULT_TILE_PX ** 2 > MAX_USUAL_TILE_US;
  return slow && provider === 'cpu' ? memory.maxWorkers : 1;
}

/** @returns seconds that all tiles take by themselves, or undefined while the speed is unknown. */
export function estimateAlone(
  step: NetworkCandidate,
  request: ChainRequest,
  passes: 1 | 2,
  memory: SpeedMemory,
): number | undefined {
  const speed = memory.speed(modelKey(step.entry), step.provider);
  if (speed === undefined) return undefined;
  const terms = {
    model: step,
    tileSizePx: tileSize(step, request, memory),
    microsecondsPerPixel: speed,
    tileWorkers: workersOf(step, memory),
  };
  const overlapPx = request.tileOverlapPx ?? step.entry.overlapPx;
  return estimateSeconds(request, terms, overlapPx, passes);
}

/** Seconds until all tiles are done, other requests' turns included. */
export function estimate(
  step: NetworkCandidate,
  request: ChainRequest,
  passes: 1 | 2,
  memory: SpeedMemory,
  share: Pick<Share, 'delay'>,
): number | undefined {
  const alone = estimateAlone(step, request, passes, memory);
  return alone === undefined ? undefined : alone + share.delay(alone);
}

/** @returns how many passes fit into the time that is left, or why not even one does. */
export function fitIntoTime(
  step: NetworkCandidate,
  request: ChainRequest,
  scale: number,
  memory: SpeedMemory,
  share: Pick<Share, 'delay'>,
): Refusal | { passes: 1 | 2 } {
  const leftMs = request.deadlineAtMs - monotonicMs() - (request.finishing?.networkMs ?? 0);
  const leftSeconds = (leftMs / 1000) * SHARE_FOR_TILES;
  let needed = 0;
  for (const passes of wantedPasses(step.entry, scale)) {
    needed = (estimate(step, request, passes, memory, share) ?? 0) * (request.slowdown ?? 1);
    if (needed <= leftSeconds) return { passes };
  }
  return {
    outcome: 'skipped',
    reason: 'over_time_budget',
    detail: `It would take about ${Math.ceil(needed)} s, and ${Math.max(0, Math.floor(leftSeconds))} s are left.`,
  };
}

/** An ×2 network reaches more than ×2 by a second pass, or else by resampling its answer; others resample at once. */
export function wantedPasses(entry: ModelEntry, scale: number): readonly [1 | 2, ...1[]] {
  return entry.scale === 2 && scale > 2 ? [2, 1] : [1];
}
