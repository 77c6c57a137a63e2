import type { ImageHeader, UpscaleProgress, UpscaleResult } from '../../domain/types.js';
import { EncodingCost } from '../../engine/cost/encoding-cost.js';
import { PixelCost } from '../../engine/cost/pixel-cost.js';
import { likelyFormat } from '../../pipeline/output/result-format.js';
import type { JobRequest } from '../job.js';

/** Before anything is measured: what the embedded network costs on two cores, decoding included. */
const GUESS_FOR_INPUT = { fixedMs: 20, microsecondsPerPixel: 3 };
/** Of a job that names none, before one has shown what the chain's leading model does. */
const DEFAULT_SCALE = 4;

/**
 * Measures what jobs cost in engine time, for estimates of the work that is left. Computing goes by the pixels of the source and
 * the model, encoding by those of the result and the format: so neither tiny images nor an unusual scale or format tell
 * anything wrong of other jobs.
 */
export class Speed {
  /** By the model asked for; undefined is the chain's own choice. */
  readonly #computing = new Map<string | undefined, PixelCost>();
  readonly #encoding = new EncodingCost();
  readonly #scales = new Map<string | undefined, number>();

  record({ header, options }: JobRequest, result: UpscaleResult): void {
    const { decodeMs, inferMs, blendMs, encodeMs } = result.timings;
    const computing = this.#computing.get(options.model) ?? new PixelCost(GUESS_FOR_INPUT);
    this.#computing.set(options.model, computing);
    computing.record(computedPixels(header), decodeMs + inferMs + blendMs);
    this.#encoding.record(result.format, result.width * result.height, encodeMs);
    if (options.scale === undefined) this.#scales.set(options.model, result.scale);
  }

  /** Seconds of engine time that a job still needs; of one that runs, without the share of its tiles or rows that is done. */
  secondsLeft(request: JobRequest, progress: UpscaleProgress | undefined): number {
    const encodingSeconds = this.#encodingMs(request) / 1000;
    if (progress?.stage === 'encode') return progress.secondsLeft ?? encodingSeconds;
    return (this.#computingMs(request) / 1000) * (1 - shareDrawn(progress)) + encodingSeconds;
  }

  /** Seconds of engine time that a job needs in all; undefined before one with this model was measured. */
  measuredSeconds(request: JobRequest): number | undefined {
    return this.#computing.has(request.options.model) ? this.secondsLeft(request, undefined) : undefined;
  }

  #computingMs({ header, options }: JobRequest): number {
    const computing = this.#computing.get(options.model) ?? new PixelCost(GUESS_FOR_INPUT);
    return computing.estimateMs(computedPixels(header));
  }

  #encodingMs({ header, options }: JobRequest): number {
    const scale = options.scale ?? this.#scales.get(options.model) ?? DEFAULT_SCALE;
    const resultPixels = header.width * header.height * scale * scale;
    return this.#encoding.estimateMs(likelyFormat({ options, header }), resultPixels);
  }
}

/** 0 to 1. */
function shareDrawn(progress: UpscaleProgress | undefined): number {
  if (progress === undefined) return 0;
  const { stage, tilesDone, tilesTotal, rowsDone = 0, rowsTotal = 0 } = progress;
  if (stage === 'resample') return rowsTotal === 0 ? 0 : rowsDone / rowsTotal;
  return tilesTotal === 0 ? 0 : tilesDone / tilesTotal;
}

/** Alpha is computed as a picture of its own. */
function computedPixels({ width, height, hasAlpha }: ImageHeader): number {
  return width * height * (hasAlpha ? 2 : 1);
}
