import type { UpscaleOptions, UpscaleResult, UpscaleTask } from '../types.js';
import { PixelCost } from './pixel-cost.js';

/** Until images have shown what it is: small, so that a first estimate is the one of the tiles. */
const FIRST_GUESS = { fixedMs: 1, microsecondsPerPixel: 0.01 };

/** What this engine's jobs cost beside their tiles: decoding and blending by the source's pixels, encoding by the result's and its format. */
export class BesideTiles {
  readonly #painting = new PixelCost(FIRST_GUESS);
  /** By the format asked for. */
  readonly #encoding = new Map<UpscaleOptions['format'], PixelCost>();

  learn({ header, options }: Pick<UpscaleTask, 'header' | 'options'>, result: UpscaleResult): void {
    const { decodeMs, blendMs, encodeMs } = result.timings;
    this.#painting.record(header.width * header.height, decodeMs + blendMs);
    const encoding = this.#encoding.get(options.format) ?? new PixelCost(FIRST_GUESS);
    this.#encoding.set(options.format, encoding);
    encoding.record(result.width * result.height, encodeMs);
  }

  /** @returns milliseconds; undefined before a result in this format. */
  encodingMs(format: UpscaleOptions['format'], resultPixels: number): number | undefined {
    return this.#encoding.get(format)?.estimateMs(resultPixels);
  }

  /** @returns milliseconds. */
  estimate(format: UpscaleOptions['format'], sourcePixels: number, resultPixels: number): number {
    const encoding = this.#encoding.get(format) ?? new PixelCost(FIRST_GUESS);
    return this.#painting.estimateMs(sourcePixels) + encoding.estimateMs(resultPixels);
  }
}
