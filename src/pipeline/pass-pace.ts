import type { Pace } from '../models/rung.js';
import { type TilePlan, tileCount, tilesAtOnce } from '../tiling/plan.js';

/** Input pixels of one tile, margins included. */
export function tilePixels({ columns, rows }: TilePlan): number {
  return columns.tileLength * rows.tileLength;
}

/** How fast the tiles of one pass over one raster are done. Of several rasters each is measured by itself: most of alpha is often not computed. */
export class PassPace {
  /** Input pixels of all its tiles. */
  readonly pixels: number;
  readonly #tiles: number;
  readonly #tilePixels: number;
  readonly #atOnce: number;
  readonly #startedMs: number;
  #done = 0;

  /** @param lanes of the rung. */
  constructor(
    plan: TilePlan,
    lanes: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.#tiles = tileCount(plan);
    this.#tilePixels = tilePixels(plan);
    this.#atOnce = tilesAtOnce(this.#tiles, lanes);
    this.pixels = this.#tiles * this.#tilePixels;
    this.#startedMs = nowMs();
  }

  /**
   * A tile is in its place.
   * @param pixelsAhead input pixels of the passes after this one. @param knownSpeed microseconds for each of them, at least.
   */
  afterTile(pixelsAhead: number, knownSpeed = 0): Pace {
    this.#done += 1;
    // Of those at work beside the one that is done, some have just begun and some are nearly done.
    const begun = Math.min((this.#atOnce - 1) / 2, this.#tiles - this.#done);
    const tileMs = (this.nowMs() - this.#startedMs) / (this.#done + begun);
    const microsecondsPerPixel = (tileMs * 1000) / this.#tilePixels;
    const aheadMs = (pixelsAhead * Math.max(microsecondsPerPixel, knownSpeed)) / 1000;
    return {
      microsecondsPerPixel,
      remainingMs: tileMs * (this.#tiles - this.#done - begun) + aheadMs,
      tileMs,
      stopMs: this.#atOnce === 1 ? 0 : tileMs * this.#atOnce,
    };
  }
}
