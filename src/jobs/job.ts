import type { TesseraError } from '../domain/errors.js';
import type { JobState } from '../domain/job-state.js';
import type {
  Attempt,
  ImageHeader,
  UpscaleOptions,
  UpscaleProgress,
  UpscaleResult,
} from '../domain/types.js';

/** What a request's upload may become. */
export interface UploadOptions {
  readonly maxFiles: number;
  /** Its files become jobs that outlive it. */
  readonly durable: boolean;
}

/** A place for a file, held from before the upload is read until the job is submitted or given up. */
export interface Reservation {
  /** 128 random bits, URL-safe. */
  readonly id: string;
  /** The job's folder, 0700, created exclusively; empty but for what the upload writes. */
  readonly workFolder: string;
  readonly sourcePath: string;
  /**
   * A place for one more file of the same request. Only its first file has a place in the queue for sure; all become jobs together
   * (`Jobs.submitDurable`), or none does.
   * @throws TesseraError queue_full when so many jobs would find no room now, disk_full.
   */
  another(): Promise<Reservation>;
  /** Gives the place back and removes the folder; harmless after `submit`. */
  release(): Promise<void>;
}

export interface JobRequest {
  readonly header: ImageHeader;
  readonly options: UpscaleOptions;
  /** Bytes of the source on disk. */
  readonly sourceBytes: number;
  /** Client's file name, made safe; only for naming the download. */
  readonly fileName?: string;
  /** When the upload ended, epoch milliseconds: for what people are told. */
  readonly uploadedAtMs: number;
}

/** What a job that outlives its request and the process is kept on. */
export interface DurableOptions {
  /**
   * Whose job it is: a digest of the API key; empty where the service had no keys, and then it is everyone's. An idempotency key
   * counts for its owner alone.
   */
  readonly owner: string;
  /** Client's `Idempotency-Key`: the same key, source bytes and options give the same job. */
  readonly idempotencyKey?: string;
  /** Told of the end by one signed POST; passed `checkCallbackUrl` before. */
  readonly callbackUrl?: string;
}

/** A file of a request that is to become a durable job. */
export interface DurableRequest {
  readonly reservation: Reservation;
  readonly request: JobRequest;
  readonly terms: DurableOptions;
}

/** One change in a job's life, for server-sent events. Every event is a full picture: a missed one does no harm. */
export interface JobEvent {
  /** Rises with every event of a job, also across restarts. */
  readonly id: number;
  /** By `monotonicMs`. */
  readonly atMs: number;
  readonly state: JobState;
  readonly progress: UpscaleProgress | undefined;
  readonly position: number | undefined;
}

/** A job as its owner sees it. Snapshots are plain values; `settled` never rejects unhandled. */
export interface Job {
  readonly id: string;
  readonly request: JobRequest;
  readonly state: JobState;
  readonly progress: UpscaleProgress | undefined;
  /** Place in the queue, from 1, while queued. */
  readonly position: number | undefined;
  readonly attempts: readonly Attempt[];
  readonly result: UpscaleResult | undefined;
  readonly error: TesseraError | undefined;
  readonly resultPath: string;
  readonly queueWaitMs: number;
  /** Epoch milliseconds; `startedAtMs` is of the last start, when a restart of the service made it run again. */
  readonly createdAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  /** When a durable job that has ended is removed; undefined before its end and for jobs that are not durable. */
  readonly expiresAtMs: number | undefined;
  /** Events after `afterId` (default: all that are kept), oldest first: every change of state, and the latest progress. */
  events(afterId?: number): readonly JobEvent[];
  /** Resolves with the result, or rejects with the TesseraError. */
  readonly settled: Promise<UpscaleResult>;
  /** Called at every change of state or progress; returns the unsubscribe. */
  onChange(listener: () => void): () => void;
  /** Takes effect at the next tile. */
  cancel(): void;
  /** Removes the folder; for jobs that nobody will ask for again. Idempotent. */
  dispose(): Promise<void>;
}

export interface QueueStatus {
  readonly running: number;
  readonly queued: number;
  readonly uploading: number;
  /** Durable jobs that are known, in whatever state. */
  readonly kept: number;
  readonly maxRunning: number;
  readonly maxQueued: number;
  /** Measured backlog in seconds: what `Retry-After` says. */
  readonly backlogSeconds: number;
  readonly diskBytes: number;
}

/** Admission, execution and limits: the one path that `/upscale`, `/jobs` and the command line use. */
export interface Jobs {
  /**
   * Before the body is read. A request is one upload, however many files it has.
   * @param declaredBytes Content-Length, when there is one.
   * @param terms default: one file, for a job that is not durable.
   * @throws TesseraError queue_full (with retryAfterSeconds), shutting_down, disk_full, storage_unavailable.
   */
  reserve(declaredBytes: number | undefined, terms?: UploadOptions): Promise<Reservation>;
  /** @throws TesseraError shutting_down, disk_full; the reservation is then to be released. */
  submit(reservation: Reservation, request: JobRequest): Job;
  /**
   * Submits the files of one upload as jobs that survive a restart and stay, with their results, until `JOB_TTL_MINUTES` after their
   * end: all, or none. Resolves when that is on disk. Where the owner's idempotency key is known with the same bytes and options,
   * `existing` is true, the job is that one, and the reservation has been released.
   * @returns the jobs in the order of the files.
   * @throws TesseraError idempotency_conflict, queue_full, shutting_down, disk_full, storage_unavailable; the reservations are then to be released.
   */
  submitDurable(
    files: readonly DurableRequest[],
  ): Promise<readonly { readonly job: Job; readonly existing: boolean }[]>;
  /** A durable job of this owner (`DurableOptions.owner`), or of everyone. */
  find(id: string, owner: string): Job | undefined;
  /** Cancels a durable job that has not ended (it stays, cancelled, until it expires), or removes one that has; as `find` finds it. */
  remove(id: string, owner: string): Promise<'cancelled' | 'removed' | undefined>;
  /** Before the body is read. @throws TesseraError invalid_option unless `CALLBACK_HOSTS` lists the URL's host. */
  checkCallbackUrl(url: string): void;
  status(): QueueStatus;
  /** @returns why the folder of the jobs cannot be written now, for the log; undefined while it can. */
  storageFault(): Promise<string | undefined>;
  /** No new jobs; resolves when all have ended or the grace period is over (then they are cancelled). */
  close(graceMs: number): Promise<void>;
}
