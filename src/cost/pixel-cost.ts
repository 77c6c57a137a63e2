import type { PixelTime } from '../domain/learnt-costs.js';

/** Larger images correct mostly the time of a pixel, smaller ones mostly the fixed time. */
const REFERENCE_PIXELS = 256 * 256;
/** The share of its error that one image corrects. */
const STEP = 0.3;
/** One image raises the estimate as if it took at most this much longer than expected: a stall of the machine is no cost of the work. */
const MAX_SLOWDOWN = 4;
/** Times up to this are always believed. */
const MIN_STALL_MS = 20;

/**
 * What a kind of work costs: a fixed time, and a time for each pixel. Learnt by normalised least mean squares (Widrow and Hoff):
 * each image corrects both terms by their share of its time. Tiny images correct the fixed term, and leave the time of a pixel as it is.
 */
export class PixelCost {
  #fixedMs: number;
  /** For `REFERENCE_PIXELS`, so that both terms are of one size. */
  #referenceMs: number;

  constructor(known: PixelTime) {
    this.#fixedMs = known.fixedMs;
    this.#referenceMs = (known.microsecondsPerPixel * REFERENCE_PIXELS) / 1000;
  }

  get time(): PixelTime {
    return { fixedMs: this.#fixedMs, microsecondsPerPixel: (this.#referenceMs * 1000) / REFERENCE_PIXELS };
  }

  record(pixels: number, ms: number): void {
    if (!(pixels > 0) || !(ms >= 0)) return;
    const size = pixels / REFERENCE_PIXELS;
    const expectedMs = this.estimateMs(pixels);
    const believedMs = Math.min(ms, MAX_SLOWDOWN * Math.max(expectedMs, MIN_STALL_MS));
    const correction = (STEP * (believedMs - expectedMs)) / (1 + size * size);
    const fixedMs = this.#fixedMs + correction;
    const referenceMs = this.#referenceMs + correction * size;
    // What one term cannot take, because no time is negative, the other takes: at most the share that is corrected.
    this.#fixedMs = Math.max(0, fixedMs + Math.min(0, referenceMs) * size);
    this.#referenceMs = Math.max(0, referenceMs + Math.min(0, fixedMs) / size);
  }

  estimateMs(pixels: number): number {
    return this.#fixedMs + (this.#referenceMs * pixels) / REFERENCE_PIXELS;
  }
}
