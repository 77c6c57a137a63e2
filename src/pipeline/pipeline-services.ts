import type { CostModel } from '../cost/cost-model.js';
import type { Attempt, UpscaleProgress } from '../domain/types.js';
import type { ModelChain } from '../models/fallback/chain.js';
import type { PipelineLimits } from './limits.js';
import type { TileScheduler } from './tile-scheduler.js';

/** The services of `upscale`, created once for the engine process. */
export interface PipelineServices {
  readonly chain: Pick<ModelChain, 'serve' | 'resolveScale'>;
  readonly scheduler: TileScheduler;
  readonly limits: PipelineLimits;
  /** Encoders that run at the same time, with one thread each. */
  readonly threads: number;
  /** For time estimates. The engine process records measurements. */
  readonly costs: Pick<CostModel, 'decodingMs' | 'encodingMs' | 'finishing'>;
}

export interface PipelineHooks {
  /** Aborted when the job is cancelled. Takes effect at the next tile. */
  readonly signal: AbortSignal;
  onProgress(progress: UpscaleProgress): void;
  /** Called with each attempt of the fallback chain as it ends. */
  onAttempt(attempt: Attempt): void;
}
