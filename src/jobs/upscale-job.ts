import { join } from 'node:path';
import type { JobCost } from '../cost/job-cost.js';
import { TesseraError } from '../domain/errors.js';
import type { JobState } from '../domain/job-state.js';
import type { Attempt, UpscaleProgress, UpscaleResult, UpscaleTask } from '../domain/types.js';
import { monotonicMs } from '../host/clock.js';
import { EventLog } from './event-log.js';
import type { DurableOptions, Job, JobEvent, JobRequest } from './job.js';
import type { QueuedJob } from './queue/demand.js';
import type { JobEnd } from './store/job-file.js';

/** Names of the upload and of the result in the folder of a job. */
export const SOURCE_FILE = 'source';
export const RESULT_FILE = 'result';

/** The data of a new job, or of one that was read from its file after a restart. */
export interface JobOrigin {
  readonly id: string;
  readonly workFolder: string;
  readonly request: JobRequest;
  readonly cost: JobCost;
  readonly createdAtMs: number;
  readonly durable?: DurableOptions;
  readonly lastEventId?: number;
  readonly startedAtMs?: number;
  /** The service died while the job ran. */
  readonly alone?: boolean;
  /** Set when the job ended before the restart. */
  readonly end?: JobEnd;
}

/** Queries and commands that a job passes on to the queue and the store. */
export interface JobKeeper {
  /** Place in the queue, from 1; undefined when the job is not in the queue. */
  position(job: UpscaleJob): number | undefined;
  cancel(job: UpscaleJob): void;
  dispose(job: UpscaleJob): Promise<void>;
}

/** A job with its state, its events and its deadline. */
export class UpscaleJob implements Job, QueuedJob {
  readonly id: string;
  readonly workFolder: string;
  readonly request: JobRequest;
  readonly cost: JobCost;
  /** Undefined for a job that ends with its request. */
  readonly durable: DurableOptions | undefined;
  readonly createdAtMs: number;
  readonly settled: Promise<UpscaleResult>;
  readonly abort = new AbortController();
  /** Runs with no other job beside it, so that a second death of the service can be put down to this job. */
  readonly alone: boolean;
  overtaken = 0;
  /** Size of `job.json`; 0 for a job that is not durable. */
  stateBytes = 0;
  state: JobState = 'queued';
  progress: UpscaleProgress | undefined;
  result: UpscaleResult | undefined;
  error: TesseraError | undefined;
  startedAtMs: number | undefined;
  endedAtMs: number | undefined;
  expiresAtMs: number | undefined;
  /** Start of the job's time limit, by `monotonicMs`. */
  #clockedFromMs: number | undefined;
  readonly #keeper: JobKeeper;
  readonly #log: EventLog;
  readonly #listeners = new Set<() => void>();
  #settle = { resolve: (_result: UpscaleResult) => {}, reject: (_error: TesseraError) => {} };

  constructor(origin: JobOrigin, keeper: JobKeeper) {
    this.id = origin.id;
    this.workFolder = origin.workFolder;
    this.request = origin.request;
    this.cost = origin.cost;
    this.durable = origin.durable;
    this.createdAtMs = origin.createdAtMs;
    this.startedAtMs = origin.startedAtMs;
    this.alone = origin.alone ?? false;
    this.#keeper = keeper;
    this.#log = new EventLog(origin.lastEventId);
    this.settled = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // The state of the job shows a failure that nobody awaits.
    this.settled.catch(() => {});
    if (origin.durable === undefined) this.#clockedFromMs = monotonicMs();
    if (origin.end !== undefined) this.ended(origin.end);
  }

  get resultPath(): string {
    return join(this.workFolder, RESULT_FILE);
  }

  get position(): number | undefined {
    return this.#keeper.position(this);
  }

  get attempts(): readonly Attempt[] {
    return this.result?.attempts ?? this.error?.attempts ?? [];
  }

  get queueWaitMs(): number {
    // The wall clock, since the wait may begin before a restart; a clock that was set back must not make it negative.
    return Math.max(0, (this.startedAtMs ?? this.endedAtMs ?? Date.now()) - this.createdAtMs);
  }

  /**
   * By `monotonicMs`. `timeoutSeconds` count from the creation of the job, right after its upload. The time of a durable job,
   * which no connection waits for, counts from when an engine takes it; until then the deadline is Infinity.
   */
  get deadlineAtMs(): number {
    return (this.#clockedFromMs ?? Infinity) + this.request.options.timeoutSeconds * 1000;
  }

  get lastEventId(): number {
    return this.#log.lastId;
  }

  events(afterId = 0): readonly JobEvent[] {
    return this.#log.after(afterId);
  }

  onChange(listener: () => void): () => void {
    // A new function, so that the same listener can subscribe twice.
    const own = () => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  cancel(): void {
    this.#keeper.cancel(this);
  }

  dispose(): Promise<void> {
    return this.#keeper.dispose(this);
  }

  /** The task for an engine. */
  task(): UpscaleTask {
    const { id, workFolder, resultPath, deadlineAtMs } = this;
    return {
      id,
      sourcePath: join(workFolder, SOURCE_FILE),
      resultPath,
      workFolder,
      header: this.request.header,
      options: this.request.options,
      deadlineAtMs,
      excludedCandidates: [],
      earlierAttempts: [],
    };
  }

  started(): void {
    this.state = 'running';
    this.startedAtMs = Date.now();
    if (this.durable !== undefined) this.#clockedFromMs = monotonicMs();
    this.changed();
  }

  progressed(progress: UpscaleProgress): void {
    this.progress = progress;
    this.changed();
  }

  /** Restarts the time limit when an engine takes the job. @returns the new deadline, by `monotonicMs`. */
  taken(): number {
    this.startedAtMs = Date.now();
    this.#clockedFromMs = monotonicMs();
    return this.deadlineAtMs;
  }

  /** Ends the job: calls the listeners and settles `settled`. */
  ended(end: JobEnd): void {
    this.state = end.state;
    this.endedAtMs = end.endedAtMs;
    if (this.durable !== undefined) this.expiresAtMs = end.expiresAtMs;
    this.result = end.result;
    if (end.error !== undefined) this.error = TesseraError.fromMessage(end.error);
    this.changed();
    if (this.result !== undefined) this.#settle.resolve(this.result);
    else this.#settle.reject(this.error ?? TesseraError.from('a job ended without result and error'));
  }

  /** Records an event and calls the listeners. */
  changed(): void {
    this.#log.add(this.state, this.progress, this.position);
    for (const listener of [...this.#listeners]) listener();
  }
}
