import type { CostModel } from '../cost/cost-model.js';
import type {
  ImageRequest,
  ModelStatus,
  ProviderStatus,
  UpscalePlan,
  UpscaleProgress,
  UpscaleResult,
  UpscaleTask,
} from '../domain/types.js';

export interface RunHooks {
  /** Aborted when the client is gone, the job is cancelled or the deadline has passed. Takes effect at the next tile. */
  readonly signal: AbortSignal;
  onProgress(progress: UpscaleProgress): void;
  /**
   * For a job that nobody waits for, and that therefore waits for an engine as long as it takes. Called whenever an
   * engine takes it.
   * @returns the deadline from then on, by `monotonicMs`, in place of the task's. Before that, and between two
   * engines, there is no deadline.
   */
  deadlineFromStart?(): number;
}

export interface EngineStatus {
  /** `starting` until the first engine is ready; `down` while a dead engine waits for its restart. */
  readonly state: 'starting' | 'ready' | 'degraded' | 'down' | 'stopping';
  readonly engines: readonly {
    readonly pid: number;
    readonly state: 'starting' | 'ready' | 'stopping';
    readonly jobs: number;
    readonly rssBytes: number;
  }[];
  readonly threadsPerEngine: number;
  /** Three starts in a row have failed and no engine is there. Nobody knows when one will be, so new requests should be refused. */
  readonly startsFail: boolean;
  readonly restarts: number;
  readonly models: readonly ModelStatus[];
  readonly providers: readonly ProviderStatus[];
}

/**
 * Inference as `jobs/` and `http/` see it: processes, restarts and retries are hidden. `engine/supervisor` is the
 * real one; route tests use a fake.
 */
export interface Engine {
  /**
   * Runs a job. Without an engine the job waits for one until its deadline. If no engine was ever ready, only a job
   * that nobody waits for does so.
   * @throws TesseraError: corrupt_image, cancelled, deadline_exceeded, fallback_refused, disk_full,
   * image_crashes_engine, engine_unavailable, internal …
   */
  run(task: UpscaleTask, hooks: RunHooks): Promise<UpscaleResult>;
  /**
   * `run` ends within a second of a deadline or cancellation, even if the engine does not react. Until the engine
   * lets go of the job, its memory stays reserved and its folder must not be removed.
   * @returns a promise that resolves when the engine has let go; undefined when it already has.
   */
  leaving(id: string): Promise<void> | undefined;
  /**
   * Plans an upscale without computing it: candidates, tiles, estimate.
   * @throws TesseraError: deadline_exceeded when no engine answers within `timeoutSeconds`, engine_unavailable,
   * fallback_refused …
   */
  plan(request: ImageRequest): Promise<UpscalePlan>;
  status(): EngineStatus;
  /** The costs that all engines have measured. */
  readonly costs: CostModel;
  /** Tells the engines that a model file has arrived or changed. */
  modelsChanged(): void;
  /** Resolves when the first engine is ready. */
  ready(): Promise<void>;
  /** Lets running jobs end within the grace period, then ends the processes. */
  close(graceMs: number): Promise<void>;
}
