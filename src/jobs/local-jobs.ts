import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config.js';
import { Changes } from '../engine/changes.js';
import type { Engine } from '../engine/engine.js';
import { engineResources } from '../engine/resources.js';
import { TesseraError } from '../errors.js';
import type { Log, UpscaleResult } from '../types.js';
import { ENGINE_BASE_BYTES, jobCost } from './cost.js';
import { DiskBudget } from './disk-budget.js';
import { clear, DurableJobs, isWorthKeeping } from './durable-jobs.js';
import { requestDigest } from './idempotency.js';
import { Instance } from './instance.js';
import type { DurableTerms, Job, JobRequest, Jobs, QueueStatus, Reservation } from './job.js';
import { readJobFile } from './job-file.js';
import { JobFolders } from './job-folders.js';
import { storageError } from './storage-error.js';
import { StorageWatch } from './storage-watch.js';
import { sweep } from './sweep.js';
import { type JobKeeper, type JobOrigin, SOURCE_FILE, UpscaleJob } from './upscale-job.js';
import { WorkQueue } from './work-queue.js';

/** Jobs for each engine that may be at work at once: while one encodes, tiles of others are computed. */
const JOBS_PER_ENGINE = 4;
/** A job under which the service itself died so often is not tried again. */
const MOST_UNFINISHED_STARTS = 3;
/** Instances on other systems are known to be dead only some time after; one that dies beside us leaves jobs too. */
const SWEEP_INTERVAL_MS = 60_000;
const MOST_RETRY_AFTER_SECONDS = 3600;

/** Jobs in this process, with their files on the local disk. */
export class LocalJobs implements Jobs, JobKeeper {
  readonly #maxRunning: number;
  readonly #disk: DiskBudget;
  readonly #work: WorkQueue;
  readonly #durable: DurableJobs;
  readonly #uploading = new Set<string>();
  readonly #uploads = new Changes();
  readonly #folders: JobFolders;
  readonly #storage: StorageWatch;
  /** Ends that are being written down. */
  readonly #endings = new Set<Promise<void>>();
  #sweeping: NodeJS.Timeout | undefined;
  /** Set from the beginning of the end. */
  #closed: Promise<void> | undefined;

  private constructor(
    private readonly config: Config,
    private readonly engine: Engine,
    private readonly log: Log,
    private readonly instance: Instance,
  ) {
    const { engines, memoryBytesPerEngine } = engineResources(config);
    this.#maxRunning = config.MAX_RUNNING_JOBS || JOBS_PER_ENGINE * engines;
    const memoryBytes = engines * Math.max(0, memoryBytesPerEngine - ENGINE_BASE_BYTES);
    const limits = { maxRunning: this.#maxRunning, memoryBytes };
    this.#disk = new DiskBudget(config.MAX_JOB_DISK_MB * 1e6, instance.folder);
    this.#folders = new JobFolders(instance, log);
    this.#storage = new StorageWatch(instance, log);
    this.#durable = new DurableJobs(config, log);
    this.#work = new WorkQueue(engine, engines, limits, this.#disk, {
      onStart: (job) => this.#durable.started(job),
      onEnd: (job, outcome) => this.#track(this.#ended(job, outcome)),
    });
  }

  /**
   * Takes a folder of its own under `TEMP_DIR`, removes what dead instances left there, and goes on with their durable jobs.
   * @throws the system's error when `TEMP_DIR` cannot be written.
   */
  static async open(config: Config, engine: Engine, log: Log): Promise<LocalJobs> {
    const instance = await Instance.create(config.TEMP_DIR);
    const jobs = new LocalJobs(config, engine, log, instance);
    await jobs.#takeOver();
    jobs.#sweeping = setInterval(() => jobs.#track(jobs.#takeOver()), SWEEP_INTERVAL_MS);
    jobs.#sweeping.unref();
    return jobs;
  }

  async reserve(declaredBytes: number | undefined): Promise<Reservation> {
    if (this.#closed !== undefined) throw shuttingDown();
    if (this.#uploading.size >= this.config.MAX_CONCURRENT_UPLOADS) {
      throw queueFull('Too many uploads are being received; try again in a moment.', 1);
    }
    const taken = this.#uploading.size + this.#work.waiting + this.#work.running;
    if (taken >= this.#maxRunning + this.config.MAX_QUEUED_JOBS) {
      throw queueFull('The queue is full; try again later.', this.#work.backlogSeconds);
    }
    const id = randomBytes(16).toString('base64url');
    const workFolder = this.#folders.pathOf(id);
    this.#uploading.add(id);
    const release = async () => {
      if (!this.#uploading.delete(id)) return;
      await this.#removeFolder(id);
      this.#uploads.announce();
    };
    try {
      const mostBytes = this.config.MAX_UPLOAD_MB * 1e6;
      const bytes = Math.min(declaredBytes ?? mostBytes, mostBytes);
      this.#disk.claim(id, bytes);
      await this.#folders.create(id);
      await this.#disk.checkFileSystem(bytes);
    } catch (thrown) {
      await release();
      throw storageError(thrown) ?? thrown;
    }
    return { id, workFolder, sourcePath: join(workFolder, SOURCE_FILE), release };
  }

  submit(reservation: Reservation, request: JobRequest): Job {
    const job = this.#create(reservation, request);
    this.#enqueue(job);
    return job;
  }

  async keep(reservation: Reservation, request: JobRequest, terms: DurableTerms) {
    const { idempotencyKey } = terms;
    const digest =
      idempotencyKey === undefined ? undefined : await requestDigest(reservation.sourcePath, request.options);
    const existing = this.#durable.existing(terms, digest);
    if (existing !== undefined) {
      await reservation.release();
      await existing.written;
      return { job: existing.job, existing: true };
    }
    const job = this.#create(reservation, request, terms);
    try {
      await this.#durable.keep(job, terms, digest);
    } catch (thrown) {
      throw storageError(thrown) ?? thrown;
    }
    this.#enqueue(job);
    return { job, existing: false };
  }

  find(id: string): Job | undefined {
    return this.#durable.find(id);
  }

  async remove(id: string): Promise<'cancelled' | 'removed' | undefined> {
    const job = this.#durable.find(id);
    if (job === undefined) return undefined;
    if (!job.isOver) {
      job.cancel();
      return 'cancelled';
    }
    await job.dispose();
    return 'removed';
  }

  checkCallbackUrl(url: string): void {
    this.#durable.callbackHosts.check(url);
  }

  readonly storageFault = () => this.#storage.fault();

  status(): QueueStatus {
    return {
      running: this.#work.running,
      queued: this.#work.waiting,
      uploading: this.#uploading.size,
      kept: this.#durable.count,
      maxRunning: this.#maxRunning,
      maxQueued: this.config.MAX_QUEUED_JOBS,
      backlogSeconds: this.#work.backlogSeconds,
      diskBytes: this.#disk.usedBytes,
    };
  }

  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  position(job: UpscaleJob): number | undefined {
    return this.#work.position(job);
  }

  cancel(job: UpscaleJob): void {
    this.#work.stop(job, new TesseraError('cancelled', 'The job was cancelled.'));
  }

  async dispose(job: UpscaleJob): Promise<void> {
    if (!job.isOver) {
      job.cancel();
      await job.settled.catch(() => {});
    }
    this.#durable.forget(job);
    await this.#removeFolder(job.id);
  }

  async #close(graceMs: number): Promise<void> {
    clearInterval(this.#sweeping);
    const endMs = performance.now() + graceMs;
    await this.#uploads.until(() => this.#uploading.size === 0, graceMs);
    await this.#work.drain(Math.max(0, endMs - performance.now()), shuttingDown());
    while (this.#endings.size > 0) await Promise.all(this.#endings);
    await this.#folders.settled();
    this.#durable.close();
    await this.#storage.leave(this.#durable.count > 0);
  }

  /** A job that is not in the queue yet; its reservation still holds its place. */
  #create(reservation: Reservation, request: JobRequest, terms?: DurableTerms): UpscaleJob {
    const { id, workFolder } = reservation;
    if (!this.#uploading.has(id)) throw new Error('This reservation was released or submitted before.');
    const cost = jobCost(request, this.engine.status().models);
    if (request.sourceBytes + cost.diskBytes > this.config.MAX_JOB_DISK_MB * 1e6) {
      // For good: coming back later would not help.
      throw new TesseraError(
        'disk_full',
        'The result would take more disk space than the jobs of this service may use.',
      );
    }
    const origin = { id, workFolder, request, cost, createdAtMs: Date.now() };
    return new UpscaleJob(terms === undefined ? origin : { ...origin, terms }, this);
  }

  #enqueue(job: UpscaleJob): void {
    this.#uploading.delete(job.id);
    this.#disk.hold(job.id, job.request.sourceBytes);
    this.#work.add(job);
    this.#uploads.announce();
  }

  async #ended(job: UpscaleJob, said: UpscaleResult | TesseraError): Promise<void> {
    const outcome = await this.#storage.outcomeOf(said);
    const end = this.#durable.endOf(
      outcome instanceof TesseraError
        ? { state: outcome.code === 'cancelled' ? 'cancelled' : 'failed', error: outcome.toMessage() }
        : { state: 'succeeded', result: outcome },
    );
    if (job.terms === undefined) {
      job.ended(end);
      // Of a job that failed nothing will be asked for.
      if (end.error !== undefined) await this.dispose(job);
      return;
    }
    // What the stop of the service ended is still to be done: its file stays, and whoever starts next does it.
    if (end.error?.code === 'shutting_down') await this.#durable.interrupted(job);
    else await this.#durable.ended(job, end);
    this.#disk.hold(job.id, end.result?.bytes ?? 0);
    job.ended(end);
  }

  async #takeOver(): Promise<void> {
    for (const { folder } of await sweep(this.instance, isWorthKeeping)) await this.#restore(folder);
  }

  /** A durable job that a dead instance left, in our folder by now: goes on, or stays for those who ask for its result. */
  async #restore(folder: string): Promise<void> {
    const file = await readJobFile(folder);
    if (file === undefined) return;
    const { id, request, terms, createdAtMs, lastEventId, startedAtMs, end } = file;
    const origin: JobOrigin = {
      id,
      workFolder: folder,
      request,
      cost: jobCost(request, this.engine.status().models),
      createdAtMs,
      terms,
      lastEventId,
      ...(startedAtMs === undefined ? {} : { startedAtMs }),
      ...(end === undefined ? {} : { end }),
    };
    const job = new UpscaleJob(origin, this);
    this.#durable.adopt(job, file);
    this.#disk.hold(id, end === undefined ? request.sourceBytes : (end.result?.bytes ?? 0));
    if (end !== undefined) return;
    await clear(folder, [SOURCE_FILE]);
    if (file.starts >= MOST_UNFINISHED_STARTS) {
      const sentence =
        'The service itself stopped each time this image was at work, so it is not tried again.';
      await this.#ended(job, new TesseraError('image_crashes_engine', sentence));
    } else this.#work.add(job);
  }

  #track(ending: Promise<void>): void {
    const tracked = ending
      .catch((thrown: unknown) => this.log.error({ err: thrown }, 'the end of a job could not be handled'))
      .finally(() => this.#endings.delete(tracked));
    this.#endings.add(tracked);
  }

  async #removeFolder(id: string): Promise<void> {
    this.#disk.release(id);
    await this.#folders.remove(id);
  }
}

function shuttingDown(): TesseraError {
  return new TesseraError('shutting_down', 'The service is stopping; try again in a moment.');
}

function queueFull(message: string, seconds: number): TesseraError {
  const retryAfterSeconds = Math.min(MOST_RETRY_AFTER_SECONDS, Math.max(1, Math.ceil(seconds)));
  return new TesseraError('queue_full', message, { details: { retryAfterSeconds } });
}
