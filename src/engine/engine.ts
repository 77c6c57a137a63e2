import type {
  ModelStatus,
  ProviderStatus,
  UpscalePlan,
  UpscaleProgress,
  UpscaleResult,
  UpscaleTask,
} from '../types.js';

export interface RunHooks {
  /** Aborted when the client is gone, the job is cancelled or the deadline has passed; takes effect at the next tile. */
  readonly signal: AbortSignal;
  onProgress(progress: UpscaleProgress): void;
}

export interface EngineStatus {
  /** `starting` until the first engine is ready; `down` while a dead one waits for its restart. */
  readonly state: 'starting' | 'ready' | 'degraded' | 'down' | 'stopping';
  readonly engines: readonly {
    readonly pid: number;
    readonly state: 'starting' | 'ready' | 'stopping';
    readonly jobs: number;
    readonly rssBytes: number;
  }[];
  readonly threadsPerEngine: number;
  readonly restarts: number;
  readonly models: readonly ModelStatus[];
  readonly providers: readonly ProviderStatus[];
}

/**
 * What `jobs/` and `http/` see of inference: hides processes, restarts and retries. The real one is
 * `engine/supervisor.ts`; route tests give a fake.
 */
export interface Engine {
  /** @throws TesseraError: corrupt_image, cancelled, deadline_exceeded, fallback_refused, disk_full, image_crashes_engine, internal … */
  run(task: UpscaleTask, hooks: RunHooks): Promise<UpscaleResult>;
  /**
   * A job whose time is over, or that was cancelled, ends by `run` within a second, be its engine deaf. Until that has let go of it, its
   * memory is taken and its folder is not to be removed.
   * @returns resolves when that has happened; undefined when it has already.
   */
  leaving(id: string): Promise<void> | undefined;
  /** A dry run: rungs, tiles, estimate; nothing is computed. */
  plan(task: Pick<UpscaleTask, 'header' | 'options'>): Promise<UpscalePlan>;
  status(): EngineStatus;
  /** Tells engines that a model file has arrived or changed. */
  modelsChanged(): void;
  /** Resolves when the first engine is ready. */
  ready(): Promise<void>;
  /** Lets running jobs end within the grace period, then ends the processes. */
  close(graceMs: number): Promise<void>;
}
