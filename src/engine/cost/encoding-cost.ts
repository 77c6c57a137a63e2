import type { OutputFormat } from '../../domain/types.js';
import { PixelCost } from './pixel-cost.js';

/**
 * Microseconds for each pixel of the result before any is measured: photographs of 6 megapixels at the default quality on two cores.
 * JPEG is mostly encoded while tiles are computed.
 */
const FIRST_GUESS_US: Readonly<Record<OutputFormat, number>> = {
  jpeg: 0.01,
  png: 0.1,
  webp: 0.1,
  avif: 0.3,
  tiff: 0.1,
};
const FIRST_GUESS_MS = 5;

/** What encoding results costs, learnt by format. */
export class EncodingCost {
  readonly #costs = new Map<OutputFormat, PixelCost>();

  record(format: OutputFormat, pixels: number, ms: number): void {
    this.#of(format).record(pixels, ms);
  }

  /** @param pixels of the result. */
  estimateMs(format: OutputFormat, pixels: number): number {
    return this.#of(format).estimateMs(pixels);
  }

  #of(format: OutputFormat): PixelCost {
    const known = this.#costs.get(format);
    if (known !== undefined) return known;
    const fresh = new PixelCost({ fixedMs: FIRST_GUESS_MS, microsecondsPerPixel: FIRST_GUESS_US[format] });
    this.#costs.set(format, fresh);
    return fresh;
  }
}
