import type { CostModel } from '../cost/cost-model.js';
import type { Attempt, UpscaleProgress } from '../domain/types.js';
import type { Chain } from '../models/fallback/chain-request.js';
import type { PipelineLimits } from './limits.js';
import type { TileScheduler } from './tile-scheduler.js';

/** What `upscale` works with, made once for the engine process. */
export interface PipelineServices {
  readonly chain: Chain;
  readonly scheduler: TileScheduler;
  readonly limits: PipelineLimits;
  /** Encoders at work at the same time, each on one thread. */
  readonly threads: number;
  /** For estimates of time; the engine process teaches it. */
  readonly costs: Pick<CostModel, 'decodingMs' | 'encodingMs' | 'finishing'>;
}

export interface PipelineHooks {
  /** Aborted when the job is cancelled; takes effect at the next tile. */
  readonly signal: AbortSignal;
  onProgress(progress: UpscaleProgress): void;
  /** Each attempt of the fallback chain as it ends. */
  onAttempt(attempt: Attempt): void;
}
