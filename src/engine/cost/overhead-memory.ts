import {
  type ImageHeader,
  type InputFormat,
  LANCZOS,
  type OutputFormat,
  type UpscaleResult,
  type UpscaleTask,
} from '../../domain/types.js';
import type { FinishingCost, OverheadCost, OverheadWork } from '../../pipeline/overhead.js';
import { EncodingCost } from './encoding-cost.js';
import { PixelCost } from './pixel-cost.js';

/** Until images have shown what it is: what one core takes for photographs. HEIC is decoded by WebAssembly. */
const DECODING_GUESS = { fixedMs: 2, microsecondsPerPixel: 0.03 };
const HEIC_GUESS = { fixedMs: 100, microsecondsPerPixel: 0.15 };
/** Cutting tiles out and joining them, for each pixel of the source. */
const BLENDING_GUESS = { fixedMs: 1, microsecondsPerPixel: 0.1 };
/** Lanczos, for each pixel of the result: the first one in a process, which is compiled meanwhile (283 ms for 2.3 megapixels). */
const RESAMPLING_GUESS = { fixedMs: 200, microsecondsPerPixel: 0.04 };

/** What this engine's jobs cost beside their tiles, learnt from those that are done. */
export class MeasuredOverhead implements OverheadCost {
  /** By the format of the source. */
  readonly #decoding = new Map<InputFormat, PixelCost>();
  readonly #blending = new PixelCost(BLENDING_GUESS);
  readonly #resampling = new PixelCost(RESAMPLING_GUESS);
  readonly #encoding = new EncodingCost();

  learn({ header }: Pick<UpscaleTask, 'header'>, result: UpscaleResult): void {
    const { decodeMs, blendMs, encodeMs } = result.timings;
    const rasters = header.hasAlpha ? 2 : 1;
    const sourcePixels = header.width * header.height;
    const resultPixels = result.width * result.height;
    this.#decodingOf(header.format).record(sourcePixels, decodeMs);
    if (result.model === LANCZOS) this.#resampling.record(resultPixels * rasters, blendMs);
    else this.#blending.record(sourcePixels * rasters, blendMs);
    this.#encoding.record(result.format, resultPixels, encodeMs);
  }

  encodingMs(format: OutputFormat, resultPixels: number): number {
    return this.#encoding.estimateMs(format, resultPixels);
  }

  decodingMs({ format, width, height }: ImageHeader): number {
    return this.#decodingOf(format).estimateMs(width * height);
  }

  finishing({ sourcePixels, resultPixels, rasters, format }: OverheadWork): FinishingCost {
    const encodingMs = this.encodingMs(format, resultPixels);
    return {
      networkMs: this.#blending.estimateMs(sourcePixels * rasters) + encodingMs,
      lanczosMs: this.#resampling.estimateMs(resultPixels * rasters) + encodingMs,
    };
  }

  #decodingOf(format: InputFormat): PixelCost {
    const known = this.#decoding.get(format);
    if (known !== undefined) return known;
    const fresh = new PixelCost(format === 'heic' ? HEIC_GUESS : DECODING_GUESS);
    this.#decoding.set(format, fresh);
    return fresh;
  }
}
