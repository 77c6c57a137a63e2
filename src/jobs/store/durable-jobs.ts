import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
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

interface Kept {
  readonly job: UpscaleJob;
  file: JobFile;
  /** Removes it when it has ended and its time is over. */
  expiry?: NodeJS.Timeout;
  /** Resolves when the job is on disk, with all of its request. */
  readonly written: Promise<void>;
}

/** A job that is to be kept. */
interface NewJob {
  readonly job: UpscaleJob;
  readonly terms: DurableOptions;
  /** Set with an idempotency key. */
  readonly digest: string | undefined;
}

/** The jobs that outlive their request: on disk beside their files, found by id, removed when they expire. */
export class DurableJobs {
  readonly callbackHosts: CallbackHosts;
  readonly #kept = new Map<string, Kept>();
  readonly #index = new IdempotencyIndex<UpscaleJob>();
  readonly #callbacks: Callbacks;
  readonly #ttlMs: number;
  /** When jobs expire, by `monotonicMs`, in the order in which they ended. */
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
    return this.#kept.size;
  }

  /**
   * Whether so many more may be kept. None is thrown out for them: whoever made it may still fetch its result.
   * @param backlogSeconds when to come back as long as none has ended. @throws TesseraError queue_full.
   */
  checkRoom(more: number, backlogSeconds: number): void {
    if (this.#kept.size + more <= this.config.MAX_KEPT_JOBS) return;
    const [firstExpiryAtMs] = this.#expiries.values();
    const sentence =
      'The service keeps as many jobs as it may; remove those that you need no more, or try again when some have expired.';
    throw queueFull(
      sentence,
      firstExpiryAtMs === undefined ? backlogSeconds : (firstExpiryAtMs - monotonicMs()) / 1000,
    );
  }

  /** A job that the owner may see: its own, or one that was made while the service had no keys. */
  find(id: string, owner: string): UpscaleJob | undefined {
    const kept = this.#kept.get(id);
    const isTheirs = kept !== undefined && ['', owner].includes(kept.file.terms.owner);
    return isTheirs ? kept.job : undefined;
  }

  /**
   * The job that the owner's key stands for; undefined when the key is new.
   * @throws TesseraError idempotency_conflict.
   */
  existing(terms: DurableOptions, digest: string | undefined): Pick<Kept, 'job' | 'written'> | undefined {
    const job = digest === undefined ? undefined : this.#index.find(terms, digest);
    return job === undefined ? undefined : this.#kept.get(job.id);
  }

  /**
   * Makes the jobs of one request durable. Their keys count from now on, also while the files are being written. When this rejects,
   * the jobs are to be forgotten.
   */
  async keep(jobs: readonly NewJob[]): Promise<void> {
    const entries = jobs.map(({ job, terms, digest }) => ({
      job,
      file: jobFile({
        id: job.id,
        request: job.request,
        terms,
        ...(digest === undefined ? {} : { digest }),
        createdAtMs: job.createdAtMs,
        lastEventId: job.lastEventId,
        starts: 0,
      }),
    }));
    const written = whenAllDone(entries.map(({ job, file }) => writeJobFile(job.workFolder, file, true)));
    for (const { job, file } of entries) {
      job.stateBytes = jobFileBytes(file);
      this.#kept.set(job.id, { job, file, written });
      if (file.digest !== undefined) this.#index.add(file.terms, file.digest, job);
    }
    await written;
  }

  /** Notes that a run begins: a service that dies again and again under one job alone must stop trying it. */
  async started(job: UpscaleJob): Promise<void> {
    const kept = this.#kept.get(job.id);
    if (kept === undefined) return;
    const { startedAtMs } = job;
    await this.#write(kept, {
      ...kept.file,
      starts: kept.file.starts + 1,
      ...(job.alone ? { loneStarts: (kept.file.loneStarts ?? 0) + 1 } : {}),
      ...(startedAtMs === undefined ? {} : { startedAtMs }),
    });
  }

  /** A run that the stop of the service ended: no fault of the job's, and to be done again. */
  async interrupted(job: UpscaleJob): Promise<void> {
    const kept = this.#kept.get(job.id);
    if (kept === undefined) return;
    await this.#write(kept, { ...kept.file, starts: 0, loneStarts: 0, lastEventId: job.lastEventId });
  }

  /** How a job ends that ends now. */
  endOf(outcome: Pick<JobEnd, 'state' | 'result' | 'error'>): JobEnd {
    const endedAtMs = Date.now();
    return { ...outcome, endedAtMs, expiresAtMs: endedAtMs + this.#ttlMs };
  }

  /** Writes the end down. The job's listeners learn of it after this. */
  async ended(job: UpscaleJob, end: JobEnd): Promise<void> {
    const kept = this.#kept.get(job.id);
    if (kept === undefined) return;
    const callback =
      kept.file.terms.callbackUrl === undefined
        ? {}
        : { callback: 'pending' as const, delivery: randomUUID() };
    await this.#write(kept, { ...kept.file, end, lastEventId: job.lastEventId, ...callback });
    this.#logEnd(job.id, end);
    this.#expire(kept, monotonicMs() + this.#ttlMs);
    void this.#callBack(kept);
  }

  /** Leaves of a job's folder what is still asked for, now that it has ended. */
  async tidy(job: UpscaleJob): Promise<void> {
    const end = this.#kept.get(job.id)?.file.end;
    if (end !== undefined) await clear(job.workFolder, end.result === undefined ? [] : [RESULT_FILE]);
  }

  /** Takes back a job that was on disk at start. */
  adopt(job: UpscaleJob, file: JobFile): void {
    const kept: Kept = { job, file, written: Promise.resolve() };
    this.#kept.set(job.id, kept);
    job.stateBytes = jobFileBytes(file);
    if (file.digest !== undefined) this.#index.add(file.terms, file.digest, job);
    if (file.end !== undefined) this.#expire(kept, monotonicMs() + file.end.expiresAtMs - Date.now());
    void this.#callBack(kept);
  }

  /** Its folder is about to go: no one finds it any more, and its key is new again. */
  forget(job: UpscaleJob): void {
    const kept = this.#kept.get(job.id);
    if (kept === undefined) return;
    this.#kept.delete(job.id);
    this.#expiries.delete(job.id);
    clearTimeout(kept.expiry);
    if (kept.file.digest !== undefined) this.#index.remove(kept.file.terms);
  }

  close(): void {
    for (const { expiry } of this.#kept.values()) clearTimeout(expiry);
    this.#callbacks.close();
  }

  #logEnd(id: string, { state, result, error }: JobEnd): void {
    const { model, provider, fallback, width, height } = result ?? {};
    const attempts = result?.attempts ?? error?.attempts;
    this.log.info(
      { job: id, state, code: error?.code, model, provider, fallback, attempts, width, height },
      'a job has ended',
    );
  }

  /** A disk that is full now must not undo what was computed: the job goes on, and is only less safe against a restart. */
  async #write(kept: Kept, file: JobFile): Promise<void> {
    kept.file = file;
    kept.job.stateBytes = jobFileBytes(file);
    try {
      // Of a job that runs, a power cut costs no more than the run: only its end is worth waiting for.
      await writeJobFile(kept.job.workFolder, file, file.end !== undefined);
    } catch (thrown) {
      this.log.warn({ err: thrown, job: kept.job.id }, 'the state of a job could not be written');
    }
  }

  async #callBack(kept: Kept): Promise<void> {
    const { end, terms, callback, id, delivery = randomUUID() } = kept.file;
    if (callback !== 'pending' || terms.callbackUrl === undefined || end === undefined) return;
    const { state, endedAtMs, result, error } = end;
    const body = {
      id,
      state,
      endedAt: new Date(endedAtMs).toISOString(),
      ...(result === undefined ? {} : { result }),
      ...(error === undefined
        ? {}
        : { error: { code: error.code, retry: RETRY[error.code], detail: error.message } }),
    };
    const done = await this.#callbacks.deliver({ url: terms.callbackUrl, jobId: id, delivery, body });
    if (!done || !this.#kept.has(id)) return;
    const { callback: _pending, delivery: _told, ...file } = kept.file;
    await this.#write(kept, file);
  }

  /**
   * Each job has its timer, which costs next to nothing: nobody has to look through all for those whose time is over.
   * @param atMs by `monotonicMs`: a clock that is set forward removes no result.
   */
  #expire(kept: Kept, atMs: number): void {
    const { job } = kept;
    this.#expiries.set(job.id, atMs);
    const waitMs = Math.max(0, atMs - monotonicMs());
    const next = () => (waitMs > MAX_TIMER_MS ? this.#expire(kept, atMs) : void job.dispose());
    kept.expiry = setTimeout(next, Math.min(waitMs, MAX_TIMER_MS)).unref();
  }
}

/** Rejects as the first that failed, but not before the last is done: nobody writes into a folder that is removed then. */
async function whenAllDone(writes: readonly Promise<void>[]): Promise<void> {
  for (const end of await Promise.allSettled(writes)) if (end.status === 'rejected') throw end.reason;
}

/** Removes all from a job's folder but its state and what is named. Where the folder itself is gone, nothing is left to remove. */
export async function clear(folder: string, keep: readonly string[]): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!keep.includes(name) && !JOB_FILE_NAMES.includes(name))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}
