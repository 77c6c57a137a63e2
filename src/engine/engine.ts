import type { CostModel } from '../cost/cost-model.js';
import type {
  ModelStatus,
  ProviderStatus,
  UpscalePlan,
  UpscaleProgress,
  UpscaleResult,
  UpscaleTask,
} from '../domain/types.js';

export interface RunHooks {
  /** Aborted when the client is gone, the job is cancelled or the deadline has passed; takes effect at the next tile. */
  readonly signal: AbortSignal;
  onProgress(progress: UpscaleProgress): void;
  /**
   * Given for a job that nobody waits for; such a job waits for an engine as long as it takes. Called whenever an engine takes it.
   * @returns the deadline from then on, by `monotonicMs`, in place of the task's. Until then, and between two engines, it has none.
   */
  deadlineFromStart?(): number;
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
  /** Three starts in a row have failed and no engine is there, so that nobody knows when one will be: time to refuse new requests. */
  readonly startsFail: boolean;
  readonly restarts: number;
  readonly models: readonly ModelStatus[];
  readonly providers: readonly ProviderStatus[];
}

/**
 * What `jobs/` and `http/` see of inference: hides processes, restarts and retries. The real one is
 * `engine/supervisor.ts`; route tests give a fake.
 */
export interface Engine {
  /**
   * A job that has no engine waits for one until its deadline; only where no engine was ever ready it does not, unless nobody waits for it.
   * @throws TesseraError: corrupt_image, cancelled, deadline_exceeded, fallback_refused, disk_full, image_crashes_engine, engine_unavailable, internal …
   */
  run(task: UpscaleTask, hooks: RunHooks): Promise<UpscaleResult>;
  /**
   * A job whose time is over, or that was cancelled, ends by `run` within a second, be its engine deaf. Until that has let go of it, its
   * memory is taken and its folder is not to be removed.
   * @returns resolves when that has happened; undefined when it has already.
   */
  leaving(id: string): Promise<void> | undefined;
  /**
   * A dry run: candidates, tiles, estimate; nothing is computed.
   * @throws TesseraError: deadline_exceeded when no engine answers within `timeoutSeconds`, engine_unavailable, fallback_refused …
   */
  plan(task: Pick<UpscaleTask, 'header' | 'options'>): Promise<UpscalePlan>;
  status(): EngineStatus;
  /** What the engines have learnt of costs, together. */
  readonly costs: CostModel;
  /** Tells engines that a model file has arrived or changed. */
  modelsChanged(): void;
  /** Resolves when the first engine is ready. */
  ready(): Promise<void>;
  /** Lets running jobs end within the grace period, then ends the processes. */
  close(graceMs: number): Promise<void>;
}
