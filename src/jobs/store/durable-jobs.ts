import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { defined } from '../../domain/defined.js';
import { RETRY } from '../../domain/errors.js';
import type { Log } from '../../domain/types.js';
import { MAX_TIMER_MS } from '../../host/changes.js';
import { monotonicMs } from '../../host/clock.js';
import { Callbacks } from '../callback/callback.js';
import { CallbackHosts } from '../callback/callback-hosts.js';
import { IdempotencyIndex } from '../idempotency.js';
import type { DurableOptions } from '../job.js';
import { queueFull } from '../uploads.js';
import { RESULT_FILE, type UpscaleJob } from '../upscale-job.js';
import {
  JOB_FILE_NAMES,
  type JobEnd,
  type JobFile,
  jobFile,
  jobFileBytes,
  writeJobFile,
} from './job-file.js';

interface Entry {
  readonly job: UpscaleJob;
  file: JobFile;
  /** Removes the job after its end and `JOB_TTL_MINUTES`. */
  expiry?: NodeJS.Timeout;
  /** Resolves when all jobs of the request are on disk. */
  readonly written: Promise<void>;
}

interface NewJob {
  readonly job: UpscaleJob;
  readonly durable: DurableOptions;
  /** Set with an idempotency key. */
  readonly digest: string | undefined;
}

/** The jobs that outlive their request: stored on disk beside their files, found by id, removed when they expire. */
export class DurableJobs {
  readonly callbackHosts: CallbackHosts;
  readonly #entries = new Map<string, Entry>();
  readonly #index = new IdempotencyIndex<UpscaleJob>();
  readonly #callbacks: Callbacks;
  readonly #ttlMs: number;
  /** Times of expiry by `monotonicMs`, in the order in which the jobs ended. */
  readonly #expiries = new Map<string, number>();

  constructor(
    private readonly config: Pick<
      Config,
      'JOB_TTL_MINUTES' | 'MAX_KEPT_JOBS' | 'CALLBACK_HOSTS' | 'CALLBACK_SECRET'
    >,
    private readonly log: Log,
  ) {
    this.#ttlMs = config.JOB_TTL_MINUTES * 60_000;
    this.callbackHosts = new CallbackHosts(config.CALLBACK_SECRET === '' ? [] : config.CALLBACK_HOSTS);
    this.#callbacks = new Callbacks(this.callbackHosts, config.CALLBACK_SECRET, log);
  }

  get count(): number {
    return this.#entries.size;
  }

  /**
   * Checks `MAX_KEPT_JOBS`. New jobs never displace old ones, whose owners may still fetch the results.
   * @param backlogSeconds the value of `Retry-After` while no job has ended. @throws TesseraError queue_full.
   */
  checkRoom(more: number, backlogSeconds: number): void {
    if (this.#entries.size + more <= this.config.MAX_KEPT_JOBS) return;
    const [firstExpiryAtMs] = this.#expiries.values();
    throw queueFull(
      'The service keeps as many jobs as it may; remove jobs that you no longer need, or try again when some have expired.',
      firstExpiryAtMs === undefined ? backlogSeconds : (firstExpiryAtMs - monotonicMs()) / 1000,
    );
  }

  /** A job of this owner, or one that was made while the service had no keys. */
  find(id: string, owner: string): UpscaleJob | undefined {
    const entry = this.#entries.get(id);
    return entry !== undefined && ['', owner].includes(entry.file.terms.owner) ? entry.job : undefined;
  }

  /**
   * The job of the owner's idempotency key; undefined for a new key.
   * @throws TesseraError idempotency_conflict.
   */
  existing(durable: DurableOptions, digest: string | undefined): Pick<Entry, 'job' | 'written'> | undefined {
    const job = digest === undefined ? undefined : this.#index.find(durable, digest);
    return job === undefined ? undefined : this.#entries.get(job.id);
  }

  /**
   * Stores the jobs of one request. Their idempotency keys count at once, before the files are written. After a rejection the
   * caller forgets the jobs.
   */
  async add(jobs: readonly NewJob[]): Promise<void> {
    const entries = jobs.map(({ job, durable, digest }) => ({
      job,
      file: jobFile({
        id: job.id,
        request: job.request,
        terms: durable,
        ...defined({ digest }),
        createdAtMs: job.createdAtMs,
        lastEventId: job.lastEventId,
        starts: 0,
      }),
    }));
    const written = whenAllDone(entries.map(({ job, file }) => writeJobFile(job.workFolder, file, true)));
    for (const entry of entries) this.#register({ ...entry, written });
    await written;
  }

  /** Counts a start, so that a job under which the service dies again and again is given up. */
  async started(job: UpscaleJob): Promise<void> {
    const { file } = this.#entries.get(job.id) ?? {};
    if (file === undefined) return;
    await this.#write(job, {
      starts: file.starts + 1,
      ...(job.alone ? { loneStarts: (file.loneStarts ?? 0) + 1 } : {}),
      ...defined({ startedAtMs: job.startedAtMs }),
    });
  }

  /** Records that the stop of the service ended a run: the job is no suspect, and runs again. */
  async interrupted(job: UpscaleJob): Promise<void> {
    await this.#write(job, { starts: 0, loneStarts: 0, lastEventId: job.lastEventId });
  }

  /** The end of a job that ends now. */
  endOf(outcome: Pick<JobEnd, 'state' | 'result' | 'error'>): JobEnd {
    const endedAtMs = Date.now();
    return { ...outcome, endedAtMs, expiresAtMs: endedAtMs + this.#ttlMs };
  }

  /** Stores the end of a job; the caller informs the listeners afterwards. */
  async ended(job: UpscaleJob, end: JobEnd): Promise<void> {
    const callback =
      job.durable?.callbackUrl === undefined ? {} : { callback: 'pending' as const, delivery: randomUUID() };
    await this.#write(job, { end, lastEventId: job.lastEventId, ...callback });
    const entry = this.#entries.get(job.id);
    if (entry === undefined) return;
    this.#logEnd(job.id, end);
    this.#expire(entry, monotonicMs() + this.#ttlMs);
    void this.#callBack(entry);
  }

  /** Removes everything but the result from the folder of an ended job. */
  async tidy(job: UpscaleJob): Promise<void> {
    const end = this.#entries.get(job.id)?.file.end;
    if (end !== undefined) await clear(job.workFolder, end.result === undefined ? [] : [RESULT_FILE]);
  }

  /** Registers a job that an earlier instance left on disk. */
  adopt(job: UpscaleJob, file: JobFile): void {
    const entry = this.#register({ job, file, written: Promise.resolve() });
    if (file.end !== undefined) this.#expire(entry, monotonicMs() + file.end.expiresAtMs - Date.now());
    void this.#callBack(entry);
  }

  /** Unregisters a job and its idempotency key, before its folder is removed. */
  forget(job: UpscaleJob): void {
    const entry = this.#entries.get(job.id);
    if (entry === undefined) return;
    this.#entries.delete(job.id);
    this.#expiries.delete(job.id);
    clearTimeout(entry.expiry);
    if (entry.file.digest !== undefined) this.#index.remove(entry.file.terms);
  }

  close(): void {
    for (const { expiry } of this.#entries.values()) clearTimeout(expiry);
    this.#callbacks.close();
  }

  #register(entry: Entry): Entry {
    const { job, file } = entry;
    job.stateBytes = jobFileBytes(file);
    this.#entries.set(job.id, entry);
    if (file.digest !== undefined) this.#index.add(file.terms, file.digest, job);
    return entry;
  }

  #logEnd(id: string, { state, result, error }: JobEnd): void {
    const { model, provider, fallback, width, height } = result ?? {};
    const attempts = result?.attempts ?? error?.attempts;
    this.log.info(
      { job: id, state, code: error?.code, model, provider, fallback, attempts, width, height },
      'a job has ended',
    );
  }

  /** Changes the stored state. A full disk must not end the job, which is then only less safe against a restart. */
  async #write({ id }: UpscaleJob, changes: Partial<JobFile>): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const { job } = entry;
    entry.file = { ...entry.file, ...changes };
    job.stateBytes = jobFileBytes(entry.file);
    try {
      // A power cut costs a running job no more than the run, so only the end waits for the disk.
      await writeJobFile(job.workFolder, entry.file, entry.file.end !== undefined);
    } catch (thrown) {
      this.log.warn({ err: thrown, job: id }, 'the state of a job could not be written');
    }
  }

  async #callBack(entry: Entry): Promise<void> {
    const { end, terms, callback, id, delivery = randomUUID() } = entry.file;
    if (callback !== 'pending' || terms.callbackUrl === undefined || end === undefined) return;
    const { state, endedAtMs, result, error } = end;
    const problem = error && { code: error.code, retry: RETRY[error.code], detail: error.message };
    const body = { id, state, endedAt: new Date(endedAtMs).toISOString(), result, error: problem };
    const done = await this.#callbacks.deliver({ url: terms.callbackUrl, jobId: id, delivery, body });
    if (!done) return;
    const { callback: _pending, delivery: _sent, ...file } = entry.file;
    entry.file = file;
    await this.#write(entry.job, {});
  }

  /**
   * Sets the timer that removes the job; one timer for each job costs next to nothing.
   * @param atMs by `monotonicMs`, so that a wall clock set forward removes no result.
   */
  #expire(entry: Entry, atMs: number): void {
    const { job } = entry;
    this.#expiries.set(job.id, atMs);
    const waitMs = Math.max(0, atMs - monotonicMs());
    const next = () => (waitMs > MAX_TIMER_MS ? this.#expire(entry, atMs) : void job.dispose());
    entry.expiry = setTimeout(next, Math.min(waitMs, MAX_TIMER_MS)).unref();
  }
}

/** Rejects with the first failure, but only when no write is under way: the caller then removes the folder. */
async function whenAllDone(writes: readonly Promise<void>[]): Promise<void> {
  for (const end of await Promise.allSettled(writes)) if (end.status === 'rejected') throw end.reason;
}

/** Removes everything from the folder of a job except its state and the given names. */
export async function clear(folder: string, keep: readonly string[]): Promise<void> {
  // A folder that is gone holds nothing to remove.
  for (const name of await readdir(folder).catch(() => [])) {
    if (!keep.includes(name) && !JOB_FILE_NAMES.includes(name))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}
