import type { Config } from '../config/config.js';
import { ENGINE_BASE_BYTES, jobCost } from '../cost/job-cost.js';
import { defined } from '../domain/defined.js';
import { engineUnavailable, TesseraError } from '../domain/errors.js';
import { hasEnded } from '../domain/job-state.js';
import type { Log, UpscaleResult } from '../domain/types.js';
import type { Engine } from '../engine/engine.js';
import { engineResources } from '../engine/supervisor/resources.js';
import { requestDigest } from './idempotency.js';
import type {
  DurableOptions,
  DurableSubmission,
  Job,
  JobRequest,
  Jobs,
  QueueStatus,
  Reservation,
  UploadOptions,
} from './job.js';
import { Departures } from './queue/departures.js';
import { DiskBudget } from './queue/disk-budget.js';
import { WorkQueue } from './queue/work-queue.js';
import { clear, DurableJobs } from './store/durable-jobs.js';
import { Instance } from './store/instance.js';
import { JobFolders } from './store/job-folders.js';
import { storageError } from './store/storage-error.js';
import { StorageWatch } from './store/storage-watch.js';
import { type InheritedJob, MAX_LONE_DEATHS, originOf, takeOver } from './store/take-over.js';
import { queueFull, type Upload, Uploads } from './uploads.js';
import { type JobKeeper, SOURCE_FILE, UpscaleJob } from './upscale-job.js';

/** More than one job for each engine, so that tiles of one are computed while another is encoded. */
const JOBS_PER_ENGINE = 4;
/** An instance that dies beside this one leaves durable jobs; its death is certain only some time later. */
const SWEEP_INTERVAL_MS = 60_000;
const ONE_FILE: UploadOptions = { maxFiles: 1, durable: false };

/** The jobs of this process, with their files on the local disk. */
export class LocalJobs implements Jobs, JobKeeper {
  readonly #maxRunning: number;
  readonly #disk: DiskBudget;
  readonly #work: WorkQueue;
  readonly #durable: DurableJobs;
  readonly #uploads: Uploads;
  readonly #folders: JobFolders;
  readonly #storage: StorageWatch;
  readonly #departures: Departures;
  /** Ends of jobs, and sweeps, that are still running. */
  readonly #pending = new Set<Promise<void>>();
  #sweeping: NodeJS.Timeout | undefined;
  /** Set when `close` is called. */
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
    this.#uploads = new Uploads(config.MAX_UPLOAD_MB * 1e6, this.#disk, this.#folders, (upload, files) =>
      this.#checkRoom(upload, files),
    );
    this.#departures = new Departures(engine, log);
    const listener = {
      onStart: (job: UpscaleJob) => this.#durable.started(job),
      onEnd: (job: UpscaleJob, outcome: UpscaleResult | TesseraError) =>
        this.#track(this.#ended(job, outcome)),
    };
    this.#work = new WorkQueue(engine, engines, limits, this.#disk, listener, config.MAX_TIMEOUT_SECONDS);
  }

  /**
   * Creates an instance folder under `TEMP_DIR`, removes the folders of dead instances, and resumes their durable jobs.
   * @throws the system's error when `TEMP_DIR` cannot be written.
   */
  static async open(config: Config, engine: Engine, log: Log): Promise<LocalJobs> {
    const instance = await Instance.create(config.TEMP_DIR);
    const jobs = new LocalJobs(config, engine, log, instance);
    await jobs.#takeOver();
    jobs.#sweeping = setInterval(() => void jobs.#track(jobs.#takeOver()), SWEEP_INTERVAL_MS).unref();
    return jobs;
  }

  async reserve(declaredBytes: number | undefined, options = ONE_FILE): Promise<Reservation> {
    if (this.#closed !== undefined) throw shuttingDown();
    // A durable job can wait for an engine. A client that waits for the answer should ask another service before it sends the image.
    if (!options.durable && this.engine.status().startsFail) throw engineUnavailable();
    return this.#uploads.begin(declaredBytes, options);
  }

  submit(reservation: Reservation, request: JobRequest): Job {
    const job = this.#create(reservation, request);
    this.#enqueue(job);
    return job;
  }

  async submitDurable(files: readonly DurableSubmission[]) {
    const digests: (string | undefined)[] = [];
    for (const { reservation, request, durable } of files) {
      const isKeyed = durable.idempotencyKey !== undefined;
      digests.push(isKeyed ? await requestDigest(reservation.sourcePath, request.options) : undefined);
    }
    // No await until all keys are registered: a repeated request finds all jobs of the first one, or none.
    const answers = files.map(({ reservation, request, durable }, index) => {
      const digest = digests[index];
      const known = this.#durable.existing(durable, digest);
      if (known !== undefined) return { ...known, existing: true, durable, digest };
      const job = this.#create(reservation, request, durable);
      return { job, existing: false, durable, digest, written: undefined };
    });
    const fresh = answers.filter(({ existing }) => !existing);
    const upload = this.#uploads.of(fresh[0]?.job.id);
    if (upload !== undefined) this.#uploads.takePlaces(upload, fresh.length);
    const written = this.#durable.add(fresh);
    if (upload !== undefined) upload.isStored = true;
    try {
      await Promise.all([written, ...answers.map((answer) => answer.written)]);
    } catch (thrown) {
      for (const { job } of fresh) this.#durable.forget(job);
      throw storageError(thrown) ?? thrown;
    }
    for (const { job } of fresh) this.#enqueue(job);
    await Promise.all(files.map(({ reservation }) => reservation.release()));
    return answers.map(({ job, existing }) => ({ job, existing }));
  }

  find(id: string, owner: string): Job | undefined {
    return this.#durable.find(id, owner);
  }

  async remove(id: string, owner: string): Promise<'cancelled' | 'removed' | undefined> {
    const job = this.#durable.find(id, owner);
    if (job === undefined) return undefined;
    if (!hasEnded(job)) {
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
      uploading: this.#uploads.count,
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
    if (!hasEnded(job)) {
      job.cancel();
      await job.settled.catch(() => {});
    }
    this.#durable.forget(job);
    await this.#departures.tidy(job.id, () => {
      this.#disk.release(job.id);
      return this.#folders.remove(job.id);
    });
  }

  async #close(graceMs: number): Promise<void> {
    clearInterval(this.#sweeping);
    const endMs = performance.now() + graceMs;
    await this.#uploads.settled(graceMs);
    await this.#work.drain(Math.max(0, endMs - performance.now()), shuttingDown());
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    // A task that ignores its cancellation ends with its engine; only then may another instance take its files.
    await this.engine.close(0);
    await Promise.all([this.#departures.settled(), this.#folders.settled()]);
    this.#durable.close();
    await this.#storage.leave(this.#durable.count > 0);
  }

  /** @throws TesseraError queue_full when the queue lacks room for so many files beside the places of other uploads. */
  #checkRoom(upload: Upload, files: number): void {
    const backlogSeconds = this.#work.backlogSeconds;
    if (upload.durable)
      this.#durable.checkRoom(this.#uploads.placesBeside(upload, 'durable') + files, backlogSeconds);
    const taken = this.#uploads.placesBeside(upload, 'all') + this.#work.waiting + this.#work.running;
    const room = this.#maxRunning + this.config.MAX_QUEUED_JOBS - taken;
    if (files <= room) return;
    const sentence =
      room <= 0 || files === 1
        ? 'The queue is full; try again later.'
        : `The queue has room for ${room} of the files of this request now; send fewer, or try again later.`;
    throw queueFull(sentence, backlogSeconds);
  }

  /** Makes a job outside of the queue. The reservation keeps its place until `#enqueue`. */
  #create(reservation: Reservation, request: JobRequest, durable?: DurableOptions): UpscaleJob {
    const { id, workFolder } = reservation;
    if (this.#uploads.of(id) === undefined)
      throw new Error('This reservation was released or submitted before.');
    const cost = jobCost(request, this.engine.status().models);
    // No Retry-After: the job will never fit.
    if (request.sourceBytes + cost.diskBytes > this.config.MAX_JOB_DISK_MB * 1e6)
      throw new TesseraError(
        'disk_full',
        'The result would take more disk space than the jobs of this service may use.',
      );
    const origin = { id, workFolder, request, cost, createdAtMs: Date.now(), ...defined({ durable }) };
    return new UpscaleJob(origin, this);
  }

  #enqueue(job: UpscaleJob): void {
    this.#disk.hold(job.id, job.request.sourceBytes, job.stateBytes);
    this.#work.add(job);
    this.#uploads.leave(job.id);
  }

  async #ended(job: UpscaleJob, reported: UpscaleResult | TesseraError): Promise<void> {
    const outcome = await this.#storage.outcomeOf(reported);
    const end = this.#durable.endOf(
      outcome instanceof TesseraError
        ? { state: outcome.code === 'cancelled' ? 'cancelled' : 'failed', error: outcome.toMessage() }
        : { state: 'succeeded', result: outcome },
    );
    if (job.durable === undefined) {
      job.ended(end);
      if (end.error !== undefined) await this.dispose(job);
      return;
    }
    // The next instance runs a job again that the stop of this one ended, so its file still says that it is queued.
    const interrupted = end.error?.code === 'shutting_down';
    await (interrupted ? this.#durable.interrupted(job) : this.#durable.ended(job, end));
    if (!interrupted) await this.#departures.tidy(job.id, () => this.#durable.tidy(job));
    this.#disk.hold(job.id, end.result?.bytes ?? 0, job.stateBytes);
    job.ended(end);
  }

  async #takeOver(): Promise<void> {
    for (const job of await takeOver(this.instance)) await this.#restore(job);
  }

  /** Queues a durable job of a dead instance, or serves its result if the job had ended. */
  async #restore(inherited: InheritedJob): Promise<void> {
    const { folder, file } = inherited;
    const { id, request, end } = file;
    const job = new UpscaleJob(originOf(inherited, jobCost(request, this.engine.status().models)), this);
    this.#durable.adopt(job, file);
    const fileBytes = end === undefined ? request.sourceBytes : (end.result?.bytes ?? 0);
    this.#disk.hold(id, fileBytes, job.stateBytes);
    if (end !== undefined) return;
    await clear(folder, [SOURCE_FILE]);
    if ((file.loneStarts ?? 0) >= MAX_LONE_DEATHS) {
      const sentence = `The service itself died ${MAX_LONE_DEATHS} times while this image alone was at work, so it is not tried again.`;
      await this.#ended(job, new TesseraError('image_crashes_engine', sentence));
    } else this.#work.add(job);
  }

  #track(work: Promise<void>): Promise<void> {
    const tracked = work
      .catch((thrown: unknown) => this.log.error({ err: thrown }, 'the end of a job could not be handled'))
      .finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
    return tracked;
  }
}

function shuttingDown(): TesseraError {
  return new TesseraError('shutting_down', 'The service is stopping; try again in a moment.');
}
