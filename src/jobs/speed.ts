import type { UpscaleProgress, UpscaleResult } from '../types.js';
import type { JobRequest } from './job.js';

/** Before anything is measured: what the embedded network costs on two cores, encoding included. */
const FIRST_GUESS_MICROSECONDS_PER_PIXEL = 3;
/** Weight of the newest measurement. */
const NEWEST = 0.3;

/** Measures what jobs cost in engine time per input pixel, for estimates of the work that is left. */
export class Speed {
  /** By the model asked for; undefined is the chain's own choice. */
  readonly #microsecondsPerPixel = new Map<string | undefined, number>();

  record(request: JobRequest, result: UpscaleResult): void {
    const { decodeMs, inferMs, blendMs, encodeMs } = result.timings;
    const measured = ((decodeMs + inferMs + blendMs + encodeMs) * 1000) / pixelsOf(request);
    const before = this.#microsecondsPerPixel.get(request.options.model) ?? measured;
    this.#microsecondsPerPixel.set(request.options.model, before + NEWEST * (measured - before));
  }

  /** Seconds of engine time that a job still needs; of one that runs, the share of its tiles that is not done. */
  secondsLeft(request: JobRequest, progress: UpscaleProgress | undefined): number {
    const perPixel =
      this.#microsecondsPerPixel.get(request.options.model) ?? FIRST_GUESS_MICROSECONDS_PER_PIXEL;
    const done =
      progress === undefined || progress.tilesTotal === 0 ? 0 : progress.tilesDone / progress.tilesTotal;
    return (perPixel * pixelsOf(request) * (1 - done)) / 1e6;
  }
}

function pixelsOf({ header }: JobRequest): number {
  return header.width * header.height;
}
