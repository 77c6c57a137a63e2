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

/** What a job is made of, new or from its file after a restart. */
export interface JobOrigin {
  readonly id: string;
  readonly workFolder: string;
  readonly request: JobRequest;
  readonly cost: JobCost;
  readonly createdAtMs: number;
  readonly terms?: DurableOptions;
  readonly lastEventId?: number;
  readonly startedAtMs?: number;
  /** The service died while it was at work. */
  readonly alone?: boolean;
  /** Of a job that ended before a restart. */
  readonly end?: JobEnd;
}

/** What a job asks of those who keep it. */
export interface JobKeeper {
  /** Place in the queue, from 1; undefined when it is not in the queue. */
  position(job: UpscaleJob): number | undefined;
  cancel(job: UpscaleJob): void;
  dispose(job: UpscaleJob): Promise<void>;
}

export class UpscaleJob implements Job, QueuedJob {
  readonly id: string;
  readonly workFolder: string;
  readonly request: JobRequest;
  readonly cost: JobCost;
  /** Set for durable jobs. */
  readonly terms: DurableOptions | undefined;
  readonly createdAtMs: number;
  readonly settled: Promise<UpscaleResult>;
  readonly abort = new AbortController();
  /** It runs with nothing beside it: should the service die under it again, it alone is why. */
  readonly alone: boolean;
  overtaken = 0;
  /** Of its `job.json`; none before it is durable. */
  stateBytes = 0;
  state: JobState = 'queued';
  progress: UpscaleProgress | undefined;
  result: UpscaleResult | undefined;
  error: TesseraError | undefined;
  startedAtMs: number | undefined;
  endedAtMs: number | undefined;
  expiresAtMs: number | undefined;
  /** By `monotonicMs`: when the time for it began, in this process. */
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
    this.terms = origin.terms;
    this.createdAtMs = origin.createdAtMs;
    this.alone = origin.alone ?? false;
    this.#keeper = keeper;
    this.#log = new EventLog(origin.lastEventId);
    this.settled = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Whoever wants to know awaits it; a failure that nobody awaits is told by the job's state.
    this.settled.catch(() => {});
    this.startedAtMs = origin.startedAtMs;
    if (origin.terms === undefined) this.#clockedFromMs = monotonicMs();
    if (origin.end !== undefined) this.ended(origin.end);
  }

  get sourcePath(): string {
    return join(this.workFolder, SOURCE_FILE);
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
    // Of the time of day, since it may begin before a restart; one that was set back must not make it negative.
    return Math.max(0, (this.startedAtMs ?? this.endedAtMs ?? Date.now()) - this.createdAtMs);
  }

  /**
   * By `monotonicMs`. `timeoutSeconds` count from when the job is made, right after its upload; for a durable job, which nobody waits for,
   * from when an engine takes it, before which there is none (Infinity).
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
    // Two subscriptions of one function are two.
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

  /** What an engine is to do. */
  task(): UpscaleTask {
    return {
      id: this.id,
      sourcePath: this.sourcePath,
      resultPath: this.resultPath,
      workFolder: this.workFolder,
      header: this.request.header,
      options: this.request.options,
      deadlineAtMs: this.deadlineAtMs,
      excludedCandidates: [],
      earlierAttempts: [],
    };
  }

  started(): void {
    this.state = 'running';
    this.startedAtMs = Date.now();
    if (this.terms !== undefined) this.#clockedFromMs = monotonicMs();
    this.changed();
  }

  progressed(progress: UpscaleProgress): void {
    this.progress = progress;
    this.changed();
  }

  /** An engine takes it, for the first time or again. @returns its deadline from now on, by `monotonicMs`. */
  taken(): number {
    this.startedAtMs = Date.now();
    this.#clockedFromMs = monotonicMs();
    return this.deadlineAtMs;
  }

  /** The end, seen by listeners and by whoever awaits `settled`. */
  ended(end: JobEnd): void {
    this.state = end.state;
    this.endedAtMs = end.endedAtMs;
    if (this.terms !== undefined) this.expiresAtMs = end.expiresAtMs;
    this.result = end.result;
    if (end.error !== undefined) this.error = TesseraError.fromMessage(end.error);
    this.changed();
    if (this.result !== undefined) this.#settle.resolve(this.result);
    else this.#settle.reject(this.error ?? TesseraError.from('a job ended without result and error'));
  }

  /** Notes an event and calls the listeners. */
  changed(): void {
    this.#log.add(this.state, this.progress, this.position);
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Name of the upload in its job's folder. */
export const SOURCE_FILE = 'source';
export const RESULT_FILE = 'result';
