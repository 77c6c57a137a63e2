import type { Pace, Wait } from '../../models/fallback/loaded-candidate.js';
import { type TilePlan, tileCount, tilesAtOnce } from '../../tiling/plan.js';

/** Input pixels of one tile, margins included. */
export function tilePixels({ columns, rows }: TilePlan): number {
  return columns.tileLength * rows.tileLength;
}

/**
 * The pace of the tiles of one pass over one raster. Each raster is measured separately, because most of alpha is
 * often not computed.
 */
export class PassPace {
  /** Input pixels of all tiles of the pass. */
  readonly pixels: number;
  readonly #tiles: number;
  readonly #tilePixels: number;
  readonly #atOnce: number;
  readonly #startedMs: number;
  #markedMs: number;
  /** Expected time of the next tile. */
  #expectedMs: number;
  #done = 0;

  /**
   * @param tileWorkers of the candidate.
   * @param knownSpeed microseconds per input pixel.
   */
  constructor(
    plan: TilePlan,
    tileWorkers: number,
    private readonly knownSpeed = 0,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.#tiles = tileCount(plan);
    this.#tilePixels = tilePixels(plan);
    this.#atOnce = tilesAtOnce(this.#tiles, tileWorkers);
    this.pixels = this.#tiles * this.#tilePixels;
    this.#startedMs = nowMs();
    this.#markedMs = this.#startedMs;
    this.#expectedMs = (this.#tilePixels * knownSpeed * this.#atOnce) / 1000;
  }

  /**
   * Records that a tile is placed.
   * @param pixelsAhead input pixels of later passes. They may take longer per pixel than most of alpha, but no less
   * than the known speed.
   */
  afterTile(pixelsAhead: number): Pace {
    this.#done += 1;
    // Of the other tiles in progress, some have just begun and some are nearly done.
    const begun = Math.min((this.#atOnce - 1) / 2, this.#tiles - this.#done);
    const tileMs = (this.nowMs() - this.#startedMs) / (this.#done + begun);
    this.#markedMs = this.nowMs();
    this.#expectedMs = tileMs * this.#atOnce;
    const microsecondsPerPixel = (tileMs * 1000) / this.#tilePixels;
    const aheadMs = (pixelsAhead * Math.max(microsecondsPerPixel, this.knownSpeed)) / 1000;
    return {
      microsecondsPerPixel,
      remainingMs: tileMs * (this.#tiles - this.#done - begun) + aheadMs,
      tileMs,
      stopMs: this.inWorkers ? tileMs * this.#atOnce : 0,
    };
  }

  /** Whether several tiles are computed at once. */
  get inWorkers(): boolean {
    return this.#atOnce > 1;
  }

  /** Time that the next tile has been waited for. */
  get wait(): Wait {
    return { waitedMs: this.nowMs() - this.#markedMs, tileMs: this.#expectedMs };
  }
}
