import type { CostModel } from '../../cost/cost-model.js';
import { wantedPasses } from '../../cost/tile-grid.js';
import type { Share } from '../../cost/workload.js';
import { monotonicMs } from '../../host/clock.js';
import { modelKey } from '../model-key.js';
import type { NetworkCandidate } from './candidate.js';
import type { ChainRequest } from './chain-request.js';
import type { TimeWatch, Wait } from './loaded-candidate.js';
import { secondsShared } from './time-budget.js';

/** A network that needs this many times the time left is left at once; another as late as a lesser candidate allows, since a pace may improve. */
const CLEAR_MISS = 2;
/** Tiles before a network is left at once: the first one also allocates. */
const TILES_TO_JUDGE = 2;
/** For the errors of the estimate of a lesser candidate. */
const MARGIN = 1.5;
/** For the change of the candidate. */
const CHANGE_MS = 500;
/** A larger slowdown is put down to the network's own speed, not to a busy machine that slows the others down as well. */
const MAX_SLOWDOWN = 5;
/** Beside tiles that go on in tile workers, Lanczos takes twice as long. */
const BESIDE_TILES = 2;
/** The expected time of a network that was never loaded, against that of the network at work: one that is not much faster is no help. */
const UNKNOWN_SHARE = 0.5;

/** The network at work would miss the deadline, and a lesser candidate may keep it. */
export class LeftForTime extends Error {
  override readonly name = 'LeftForTime';

  constructor(
    message: string,
    /** How much slower than known the machine is; 1 to 5. */
    readonly slowdown: number,
    /** Tiles in tile workers go on, and keep the processors busy. */
    readonly tilesAtWork: boolean,
  ) {
    super(message);
  }
}

/** The watch where no other candidate may serve. */
export const NO_WATCH: TimeWatch = { checkPace: () => {}, checkWait: () => {} };

/** What a watch needs besides the candidate and its image. */
interface WatchContext {
  readonly costs: CostModel;
  readonly share: Pick<Share, 'delay'>;
  /** The networks that may be tried after this one; Lanczos follows them. */
  readonly lesser: readonly NetworkCandidate[];
}

/**
 * Watches whether a network will be done in time, by the pace that it shows.
 * @returns a watch that throws LeftForTime where the network would be late and a lesser candidate would not.
 */
export function watchTime(
  candidate: NetworkCandidate,
  request: ChainRequest,
  { costs, share, lesser }: WatchContext,
): TimeWatch {
  const { networkMs, lanczosMs } = request.finishing;
  /** Milliseconds of a candidate's tiles; undefined while its speed is unknown. Where there is no time for two passes, one serves. */
  const tilesMs = (each: NetworkCandidate): number | undefined => {
    const passes = wantedPasses(each.entry.scale, request.scale).at(-1) ?? 1;
    const seconds = secondsShared(each, request, passes, costs, share);
    return seconds === undefined ? undefined : seconds * 1000;
  };
  // Taken now, since each tile changes what is known.
  const knownSpeed = costs.speed(modelKey(candidate.entry), candidate.provider);
  const ownMs = tilesMs(candidate) ?? 0;
  const lesserMs = lesser.map((each) => tilesMs(each) ?? ownMs * UNKNOWN_SHARE);
  const withMargin = (ms: number, slowdown: number) => (ms + CHANGE_MS) * slowdown * MARGIN;
  let tiles = 0;
  return {
    checkWait({ waitedMs, tileMs }: Wait): void {
      const slowdown = Math.min(MAX_SLOWDOWN, waitedMs / tileMs);
      if (slowdown <= 1) return;
      const leftMs = request.deadlineAtMs - monotonicMs();
      if (leftMs > withMargin(lanczosMs, slowdown * BESIDE_TILES)) return;
      const sentence = `A tile took more than ${inSeconds(waitedMs)}, and ${inSeconds(leftMs)} were left, so it was left for a faster one.`;
      throw new LeftForTime(sentence, slowdown, true);
    },
    checkPace({ microsecondsPerPixel, remainingMs, tileMs, stopMs }): void {
      tiles += 1;
      const leftMs = request.deadlineAtMs - monotonicMs();
      const neededMs = remainingMs + networkMs;
      if (neededMs <= leftMs) return;
      const slower = microsecondsPerPixel / (knownSpeed ?? microsecondsPerPixel);
      const slowdown = Math.min(MAX_SLOWDOWN, Math.max(1, slower));
      const afterwardsMs = leftMs - stopMs;
      const nextMs =
        lesserMs.map((ms) => withMargin(ms + networkMs, slowdown)).find((ms) => ms <= afterwardsMs) ??
        withMargin(lanczosMs, slowdown);
      // Nothing would be gained where the others are no faster.
      if (nextMs >= neededMs) return;
      const isClear = tiles >= TILES_TO_JUDGE && neededMs > CLEAR_MISS * leftMs;
      if (!isClear && afterwardsMs - tileMs >= nextMs) return;
      const sentence = `At its pace it needed ${inSeconds(neededMs)} more, and ${inSeconds(leftMs)} were left, so it was left for a faster one.`;
      throw new LeftForTime(sentence, slowdown, false);
    },
  };
}

function inSeconds(ms: number): string {
  return `${Math.max(0, ms / 1000).toFixed(1)} s`;
}
