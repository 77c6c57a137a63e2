import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonicMs } from '../clock.js';
import type { Config } from '../config.js';
import { LONGEST_TIMER_MS } from '../engine/changes.js';
import type { Log } from '../types.js';
import { Callbacks } from './callback.js';
import { CallbackHosts } from './callback-hosts.js';
import { IdempotencyIndex } from './idempotency.js';
import type { DurableTerms } from './job.js';
import { JOB_FILE_NAMES, type JobEnd, type JobFile, jobFile, writeJobFile } from './job-file.js';
import { RESULT_FILE, type UpscaleJob } from './upscale-job.js';

interface Kept {
  readonly job: UpscaleJob;
  file: JobFile;
  /** Resolves when the job is on disk, with all of its request. */
  readonly written: Promise<void>;
  /** By `monotonicMs`: a clock that is set forward removes no result. Infinity before the end. */
  expiresMs: number;
}

/** A job that is to be kept. */
interface NewJob {
  readonly job: UpscaleJob;
  readonly terms: DurableTerms;
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
  #expiry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    config: Pick<Config, 'JOB_TTL_MINUTES' | 'CALLBACK_HOSTS' | 'CALLBACK_SECRET'>,
    private readonly log: Log,
  ) {
    this.#ttlMs = config.JOB_TTL_MINUTES * 60_000;
    this.callbackHosts = new CallbackHosts(config.CALLBACK_SECRET === '' ? [] : config.CALLBACK_HOSTS);
    this.#callbacks = new Callbacks(this.callbackHosts, config.CALLBACK_SECRET, log);
  }

  get count(): number {
    return this.#kept.size;
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
  existing(terms: DurableTerms, digest: string | undefined): Pick<Kept, 'job' | 'written'> | undefined {
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
      this.#kept.set(job.id, { job, file, written, expiresMs: Infinity });
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
    const callback = kept.file.terms.callbackUrl === undefined ? {} : { callback: 'pending' as const };
    await this.#write(kept, { ...kept.file, end, lastEventId: job.lastEventId, ...callback });
    kept.expiresMs = monotonicMs() + this.#ttlMs;
    this.#logEnd(job.id, end);
    this.#scheduleExpiry();
    void this.#callBack(kept);
  }

  /** Leaves of a job's folder what is still asked for, now that it has ended. */
  async tidy(job: UpscaleJob): Promise<void> {
    const end = this.#kept.get(job.id)?.file.end;
    if (end !== undefined) await clear(job.workFolder, end.result === undefined ? [] : [RESULT_FILE]);
  }

  /** Takes back a job that was on disk at start. */
  adopt(job: UpscaleJob, file: JobFile): void {
    const expiresMs = monotonicMs() + (file.end?.expiresAtMs ?? Infinity) - Date.now();
    const kept: Kept = { job, file, written: Promise.resolve(), expiresMs };
    this.#kept.set(job.id, kept);
    if (file.digest !== undefined) this.#index.add(file.terms, file.digest, job);
    this.#scheduleExpiry();
    void this.#callBack(kept);
  }

  /** Its folder is about to go: no one finds it any more, and its key is new again. */
  forget(job: UpscaleJob): void {
    const kept = this.#kept.get(job.id);
    if (kept === undefined) return;
    this.#kept.delete(job.id);
    if (kept.file.digest !== undefined) this.#index.remove(kept.file.terms);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#expiry);
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
    try {
      // Of a job that runs, a power cut costs no more than the run: only its end is worth waiting for.
      await writeJobFile(kept.job.workFolder, file, file.end !== undefined);
    } catch (thrown) {
      this.log.warn({ err: thrown, job: kept.job.id }, 'the state of a job could not be written');
    }
  }

  async #callBack(kept: Kept): Promise<void> {
    const { end, terms, callback, id } = kept.file;
    if (callback !== 'pending' || terms.callbackUrl === undefined || end === undefined) return;
    const { state, endedAtMs, result, error } = end;
    const body = {
      id,
      state,
      endedAt: new Date(endedAtMs).toISOString(),
      ...(result === undefined ? {} : { result }),
      ...(error === undefined ? {} : { error: { code: error.code, detail: error.message } }),
    };
    const done = await this.#callbacks.deliver({ url: terms.callbackUrl, jobId: id, body });
    if (!done || !this.#kept.has(id)) return;
    const { callback: _pending, ...file } = kept.file;
    await this.#write(kept, file);
  }

  /** One timer, for the job that expires first. */
  #scheduleExpiry(): void {
    clearTimeout(this.#expiry);
    let firstMs = Infinity;
    for (const { expiresMs } of this.#kept.values()) firstMs = Math.min(firstMs, expiresMs);
    if (this.#closed || firstMs === Infinity) return;
    this.#expiry = setTimeout(
      () => {
        const nowMs = monotonicMs();
        for (const { job, expiresMs } of [...this.#kept.values()]) {
          if (expiresMs <= nowMs) void job.dispose();
        }
        this.#scheduleExpiry();
      },
      Math.min(Math.max(0, firstMs - monotonicMs()), LONGEST_TIMER_MS),
    );
    this.#expiry.unref();
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
