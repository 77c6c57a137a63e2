import type { Chain } from '../models/rung.js';
import type { UpscaleProgress } from '../types.js';
import type { Turns } from './turns.js';

/** What one image may cost; from the configuration and the machine. */
export interface PipelineLimits {
  readonly maxInputPixels: number;
  readonly maxOutputPixels: number;
  /** AVIF's encoder is slow and hungry: its own cap. */
  readonly maxAvifPixels: number;
}

/** What `upscale` works with, made once for the engine process. */
export interface PipelineServices {
  readonly chain: Chain;
  readonly turns: Turns;
  readonly limits: PipelineLimits;
  /** Encoders at work at the same time, each on one thread. */
  readonly threads: number;
}

export interface PipelineHooks {
  /** Aborted when the job is cancelled; takes effect at the next tile. */
  readonly signal: AbortSignal;
  onProgress(progress: UpscaleProgress): void;
}
