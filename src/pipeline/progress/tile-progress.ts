import { tilesAtOnce } from '../../tiling/plan.js';

/** How far the tiles of an image are. */
export interface TilesDone {
  readonly tilesDone: number;
  readonly tilesTotal: number;
  /** undefined before the first tile is done. */
  readonly secondsLeft?: number;
}

/** Listeners are promised a word every second. */
const MAX_SILENCE_MS = 900;

/**
 * Tells of each tile as it is done, and, where tiles take longer than that, several times within one: the same count, and the
 * seconds that are left by then. A tile that blocks the event loop is told of when it is done.
 */
export class TileProgress {
  readonly #startedMs: number;
  #done = 0;
  #total = 0;
  #countedMs: number;
  /** Milliseconds left when the latest tile was done. */
  #leftMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param tile workers of the candidate. @param tell is called from within `count`, and by a timer until `stop`. */
  constructor(
    private readonly tileWorkers: number,
    private readonly tell: (progress: TilesDone) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.#startedMs = nowMs();
    this.#countedMs = this.#startedMs;
  }

  /** So many tiles are in their places; 0 when the first is begun. */
  count(done: number, total: number): void {
    this.#done = done;
    this.#total = total;
    this.#countedMs = this.nowMs();
    // Of those at work beside the one that is done, some have just begun and some are nearly done.
    const begun = Math.min((tilesAtOnce(total, this.tileWorkers) - 1) / 2, total - done);
    const msPerTile = (this.#countedMs - this.#startedMs) / (done + begun);
    this.#leftMs = done === 0 ? undefined : msPerTile * (total - done - begun);
    this.#tell();
    this.#timer ??= setInterval(() => this.#tell(), MAX_SILENCE_MS);
    this.#timer.refresh();
  }

  /** Tells no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    const secondsLeft =
      this.#leftMs === undefined
        ? {}
        : { secondsLeft: Math.max(0, this.#leftMs - (this.nowMs() - this.#countedMs)) / 1000 };
    this.tell({ tilesDone: this.#done, tilesTotal: this.#total, ...secondsLeft });
  }
}
