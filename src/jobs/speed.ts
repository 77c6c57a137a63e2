import { PixelCost } from '../engine/pixel-cost.js';
import type { UpscaleProgress, UpscaleResult } from '../types.js';
import type { JobRequest } from './job.js';

/** Before anything is measured: what the embedded network costs on two cores, decoding included. */
const GUESS_FOR_INPUT = { fixedMs: 20, microsecondsPerPixel: 3 };
/** And what it costs to encode a pixel of the result as JPEG, or as anything that is measured soon. */
const GUESS_FOR_OUTPUT = { fixedMs: 5, microsecondsPerPixel: 0.02 };
/** Of a job that names none, before one has shown what the chain's leading model does. */
const USUAL_SCALE = 4;

/**
 * Measures what jobs cost in engine time, for estimates of the work that is left. Computing goes by the pixels of the source and
 * the model, encoding by those of the result and the format: so neither tiny images nor an unusual scale or format tell
 * anything wrong of other jobs.
 */
export class Speed {
  /** By the model asked for; undefined is the chain's own choice. */
  readonly #computing = new Map<string | undefined, PixelCost>();
  /** By the format asked for. */
  readonly #encoding = new Map<string, PixelCost>();
  readonly #scales = new Map<string | undefined, number>();

  record({ header, options }: JobRequest, result: UpscaleResult): void {
    const { decodeMs, inferMs, blendMs, encodeMs } = result.timings;
    const computing = known(this.#computing, options.model, GUESS_FOR_INPUT);
    computing.record(header.width * header.height, decodeMs + inferMs + blendMs);
    const encoding = known(this.#encoding, options.format, GUESS_FOR_OUTPUT);
    encoding.record(result.width * result.height, encodeMs);
    if (options.scale === undefined) this.#scales.set(options.model, result.scale);
  }

  /** Seconds of engine time that a job still needs; of one that runs, the share of its tiles or rows that is not done. */
  secondsLeft({ header, options }: JobRequest, progress: UpscaleProgress | undefined): number {
    const pixels = header.width * header.height;
    const scale = options.scale ?? this.#scales.get(options.model) ?? USUAL_SCALE;
    const done = shareDrawn(progress);
    const computingMs = known(this.#computing, options.model, GUESS_FOR_INPUT).estimateMs(pixels);
    const encodingMs = known(this.#encoding, options.format, GUESS_FOR_OUTPUT).estimateMs(
      pixels * scale * scale,
    );
    return ((computingMs + encodingMs) * (1 - done)) / 1000;
  }
}

/** 0 to 1. */
function shareDrawn(progress: UpscaleProgress | undefined): number {
  if (progress === undefined) return 0;
  const { stage, tilesDone, tilesTotal, rowsDone = 0, rowsTotal = 0 } = progress;
  if (stage === 'resample') return rowsTotal === 0 ? 0 : rowsDone / rowsTotal;
  return tilesTotal === 0 ? 0 : tilesDone / tilesTotal;
}

/** The cost under a key; a new one begins with the guess. */
function known<K>(costs: Map<K, PixelCost>, key: K, guess: typeof GUESS_FOR_INPUT): PixelCost {
  const cost = costs.get(key) ?? new PixelCost(guess);
  costs.set(key, cost);
  return cost;
}
