/** Images above this tell mostly of the cost of a pixel, those below mostly of the fixed cost. */
const REFERENCE_PIXELS = 256 * 256;
/** Share of the surprise that one image corrects. */
const STEP = 0.3;
/** An image may say that all costs this much more than known, not more: one stall of the machine must not count for long. */
const MAX_SLOWDOWN = 4;
/** What is never taken for slow. */
const SHORTEST_MS = 20;

/**
 * What a kind of work costs: a fixed time, and a time for each pixel. Learnt by normalised least mean squares (Widrow and Hoff):
 * each image moves both terms by their part in it, so that what tiny images cost is put down to the fixed term, and however many
 * of them come, what is known of a pixel stays.
 */
export class PixelCost {
  #fixedMs: number;
  /** For `REFERENCE_PIXELS`, so that both terms are of one size. */
  #referenceMs: number;

  constructor(firstGuess: { readonly fixedMs: number; readonly microsecondsPerPixel: number }) {
    this.#fixedMs = firstGuess.fixedMs;
    this.#referenceMs = (firstGuess.microsecondsPerPixel * REFERENCE_PIXELS) / 1000;
  }

  record(pixels: number, ms: number): void {
    if (!(pixels > 0) || !(ms >= 0)) return;
    const size = pixels / REFERENCE_PIXELS;
    const expectedMs = this.estimateMs(pixels);
    const believedMs = Math.min(ms, MAX_SLOWDOWN * Math.max(expectedMs, SHORTEST_MS));
    const correction = (STEP * (believedMs - expectedMs)) / (1 + size * size);
    this.#fixedMs = Math.max(0, this.#fixedMs + correction);
    this.#referenceMs = Math.max(0, this.#referenceMs + correction * size);
  }

  estimateMs(pixels: number): number {
    return this.#fixedMs + (this.#referenceMs * pixels) / REFERENCE_PIXELS;
  }
}
