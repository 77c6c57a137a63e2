import { monotonicMs } from '../../host/clock.js';
import type { SpeedMemory } from '../cost/speed-memory.js';
import type { Share } from '../cost/workload.js';
import { modelKey } from '../model-key.js';
import type { Candidate, NetworkCandidate } from './candidate.js';
import type { ChainRequest } from './chain-request.js';
import type { LoadedNetwork } from './loaded-candidate.js';
import { estimate, exclusion, wantedPasses } from './time-budget.js';

/** A network that needs so many times what is left is left at once; below that as late as a lesser candidate allows, as its pace may improve. */
const CLEAR_MISS = 2;
/** Tiles that such a judgement takes: the first one also allocates. */
const TILES_TO_JUDGE = 2;
/** What a lesser candidate needs is estimated too. */
const MARGIN = 1.5;
/** Beside that, for what begins and ends with a candidate. */
const CHANGE_MS = 500;
/** More than this is put down to the network's own speed, not to a busy machine that slows the others down as well. */
const MAX_SLOWDOWN = 5;
/** Beside tiles that go on in tile workers, Lanczos takes twice as long. */
const BESIDE_TILES = 2;
/** Of a network that was never loaded, against the one at work: one that is not much faster is no help. */
const UNKNOWN_SHARE = 0.5;

/** The candidate at work would miss the deadline, and a lesser one may keep it. */
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

/** What tells that a network is too slow, while it is at work. */
export type TimeWatch = Pick<LoadedNetwork, 'checkPace' | 'checkWait'>;

/** Where no other candidate may serve. */
export const NO_WATCH: TimeWatch = { checkPace: () => {}, checkWait: () => {} };

/** What a watch needs besides the step and its image. */
export interface WatchSurroundings {
  readonly memory: SpeedMemory;
  readonly share: Pick<Share, 'delay'>;
  /** What the fallback chain may go on with. */
  readonly lesser: readonly Candidate[];
  /** Of the request, or of the model that leads the chain for it. */
  readonly scale: number;
}

/**
 * Watches whether a network will be done in time, by the pace that it shows.
 * @returns what throws LeftForTime where the network would be late, as long as a lesser candidate would not.
 */
export function watchTime(
  step: NetworkCandidate,
  request: ChainRequest,
  around: WatchSurroundings,
): TimeWatch {
  const { networkMs = 0, lanczosMs = 0 } = request.finishing ?? {};
  // What is known changes with each tile.
  const knownSpeed = around.memory.speed(modelKey(step.entry), step.provider);
  const aloneMs = lesserNeedsMs(step, request, around) ?? 0;
  const networks = around.lesser.filter(
    (each): each is NetworkCandidate =>
      each.kind === 'network' && each.standIn === undefined && exclusion(each, request) === undefined,
  );
  const needsMs = networks.map((each) => lesserNeedsMs(each, request, around) ?? aloneMs * UNKNOWN_SHARE);
  let tiles = 0;
  const withMargin = (ms: number, slowdown: number) => (ms + CHANGE_MS) * slowdown * MARGIN;
  const checkWait: TimeWatch['checkWait'] = ({ waitedMs, tileMs }) => {
    const slowdown = Math.min(MAX_SLOWDOWN, waitedMs / tileMs);
    if (slowdown <= 1) return;
    const leftMs = request.deadlineAtMs - monotonicMs();
    if (leftMs > withMargin(lanczosMs, slowdown * BESIDE_TILES)) return;
    const sentence = `A tile took more than ${inSeconds(waitedMs)}, and ${inSeconds(leftMs)} were left, so it was left for a faster one.`;
    throw new LeftForTime(sentence, slowdown, true);
  };
  const checkPace: TimeWatch['checkPace'] = ({ microsecondsPerPixel, remainingMs, tileMs, stopMs }) => {
    tiles += 1;
    const leftMs = request.deadlineAtMs - monotonicMs();
    const neededMs = remainingMs + networkMs;
    if (neededMs <= leftMs) return;
    const slower = microsecondsPerPixel / (knownSpeed ?? microsecondsPerPixel);
    const slowdown = Math.min(MAX_SLOWDOWN, Math.max(1, slower));
    const afterwardsMs = leftMs - stopMs;
    const lanczosNeedsMs = withMargin(lanczosMs, slowdown);
    const network = needsMs
      .map((ms) => withMargin(ms + networkMs, slowdown))
      .find((ms) => ms <= afterwardsMs);
    const lesserMs = network ?? lanczosNeedsMs;
    // Nothing would be gained where the others are no faster.
    if (lesserMs >= neededMs) return;
    const isClear = tiles >= TILES_TO_JUDGE && neededMs > CLEAR_MISS * leftMs;
    if (!isClear && afterwardsMs - tileMs >= lesserMs) return;
    const sentence = `At its pace it needed ${inSeconds(neededMs)} more, and ${inSeconds(leftMs)} were left, so it was left for a faster one.`;
    throw new LeftForTime(sentence, slowdown, false);
  };
  return { checkPace, checkWait };
}

function inSeconds(ms: number): string {
  return `${Math.max(0, ms / 1000).toFixed(1)} s`;
}

/** @returns milliseconds of a step's tiles; undefined while its speed is unknown. */
function lesserNeedsMs(
  step: NetworkCandidate,
  request: ChainRequest,
  { memory, share, scale }: WatchSurroundings,
): number | undefined {
  // Where there is no time for two passes, one serves.
  const passes = wantedPasses(step.entry, scale).at(-1) ?? 1;
  const seconds = estimate(step, { ...request, slowdown: 1 }, passes, memory, share);
  return seconds === undefined ? undefined : seconds * 1000;
}
