import type { LearntCosts } from '../../domain/learnt-costs.js';
import type {
  Attempt,
  ImageRequest,
  Log,
  ModelStatus,
  ProviderStatus,
  UpscalePlan,
  UpscaleProgress,
  UpscaleResult,
  UpscaleTask,
} from '../../domain/types.js';
import type { EngineSettings } from '../protocol.js';
import type { FairTileScheduler } from './tile-scheduler.js';

/** The work of an engine process. The real one is `upscale-runner.ts`; tests of supervision use others. */
export interface Runner {
  /**
   * @throws TesseraError; DeviceLost when only a new process can use the candidate again; OutOfMemory when memory ran
   * out outside of the network.
   */
  run(task: UpscaleTask, hooks: RunnerHooks): Promise<UpscaleResult>;
  plan(request: ImageRequest): Promise<UpscalePlan>;
  modelsChanged(): Promise<void>;
  models(): readonly ModelStatus[];
  providers(): readonly ProviderStatus[];
  /** Measurements for the server process and the engine's successor. */
  learnt(): LearntCosts;
}

export interface RunnerHooks {
  /** Its reason is the TesseraError of the job. */
  readonly signal: AbortSignal;
  onProgress(progress: UpscaleProgress): void;
  /** Called with each attempt as it ends, so that it is on record if the process dies. */
  onAttempt(attempt: Attempt): void;
}

/**
 * A runner module exports this as `createRunner`.
 * @param onLearnt to be called when `learnt` has news that should not wait for the end of a job.
 */
export type CreateRunner = (
  settings: EngineSettings,
  scheduler: FairTileScheduler,
  log: Log,
  onLearnt: () => void,
) => Promise<Runner>;
