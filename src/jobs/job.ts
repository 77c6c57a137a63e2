import type { TesseraError } from '../domain/errors.js';
import type { JobState } from '../domain/job-state.js';
import type {
  Attempt,
  ImageHeader,
  UpscaleOptions,
  UpscaleProgress,
  UpscaleResult,
} from '../domain/types.js';

export interface UploadOptions {
  readonly maxFiles: number;
  /** The files become jobs that outlive the request. */
  readonly durable: boolean;
}

/** A place for a file, held from before the upload until the job is submitted or given up. */
export interface Reservation {
  /** 128 random bits, URL-safe. */
  readonly id: string;
  /** The job's folder (0700), created exclusively. It holds only what the upload writes. */
  readonly workFolder: string;
  readonly sourcePath: string;
  /**
   * Reserves a place for one more file of the same request. Only the first file is sure of its place in the queue:
   * all files become jobs together (`Jobs.submitDurable`), or none does.
   * @throws TesseraError queue_full when so many jobs do not fit now, disk_full.
   */
  another(): Promise<Reservation>;
  /** Releases the place and removes the folder. Harmless after `submit`. */
  release(): Promise<void>;
}

export interface JobRequest {
  readonly header: ImageHeader;
  readonly options: UpscaleOptions;
  /** Bytes of the source on disk. */
  readonly sourceBytes: number;
  /** The client's file name, made safe; it only names the download. */
  readonly fileName?: string;
  /** End of the upload in epoch milliseconds, for display. */
  readonly uploadedAtMs: number;
}

/** How a durable job is kept: it outlives its request and the process. */
export interface DurableOptions {
  /**
   * The owner: a digest of the API key, or empty where the service had no keys. A job without an owner is everyone's.
   * An idempotency key counts for its owner alone.
   */
  readonly owner: string;
  /** The client's `Idempotency-Key`: the same key, source bytes and options give the same job. */
  readonly idempotencyKey?: string;
  /** Receives one signed POST at the end. `checkCallbackUrl` has accepted it. */
  readonly callbackUrl?: string;
}

/** A file of a request that becomes a durable job. */
export interface DurableRequest {
  readonly reservation: Reservation;
  readonly request: JobRequest;
  readonly terms: DurableOptions;
}

/** One change of a job, for server-sent events. Each event is complete, so a missed one does no harm. */
export interface JobEvent {
  /** Rises with every event of a job, also across restarts. */
  readonly id: number;
  /** By `monotonicMs`. */
  readonly atMs: number;
  readonly state: JobState;
  readonly progress: UpscaleProgress | undefined;
  readonly position: number | undefined;
}

/** A job as its owner sees it. Its members are plain values. `settled` never rejects unhandled. */
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
  /** Epoch milliseconds. `startedAtMs` is the last start, if a restart of the service ran the job again. */
  readonly createdAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  /** When an ended durable job is removed; undefined before its end and for other jobs. */
  readonly expiresAtMs: number | undefined;
  /** Events after `afterId` (by default all that are kept), oldest first: every change of state, and the latest progress. */
  events(afterId?: number): readonly JobEvent[];
  /** Resolves with the result, or rejects with the TesseraError. */
  readonly settled: Promise<UpscaleResult>;
  /**
   * Subscribes to changes of state and progress.
   * @returns the unsubscribe function.
   */
  onChange(listener: () => void): () => void;
  /** Takes effect at the next tile. */
  cancel(): void;
  /** Removes the folder of a job that nobody will ask for again. Idempotent. */
  dispose(): Promise<void>;
}

export interface QueueStatus {
  readonly running: number;
  readonly queued: number;
  readonly uploading: number;
  /** Known durable jobs in any state. */
  readonly kept: number;
  readonly maxRunning: number;
  readonly maxQueued: number;
  /** Seconds of backlog by measured speed, for `Retry-After`. */
  readonly backlogSeconds: number;
  readonly diskBytes: number;
}

/** Admission, execution and limits: the one path that `/upscale`, `/jobs` and the command line use. */
export interface Jobs {
  /**
   * Reserves a place before the body is read. A request is one upload, however many files it has.
   * @param declaredBytes Content-Length, if there is one.
   * @param terms by default one file for a job that is not durable.
   * @throws TesseraError queue_full (with retryAfterSeconds), shutting_down, disk_full, storage_unavailable.
   */
  reserve(declaredBytes: number | undefined, terms?: UploadOptions): Promise<Reservation>;
  /** @throws TesseraError shutting_down, disk_full; the caller then releases the reservation. */
  submit(reservation: Reservation, request: JobRequest): Job;
  /**
   * Submits the files of one upload as durable jobs: all, or none. They survive a restart and stay, with their
   * results, until `JOB_TTL_MINUTES` after their end. Resolves when they are on disk. Where the owner's idempotency
   * key is known with the same bytes and options, `existing` is true, the job is the earlier one, and the reservation
   * was released.
   * @returns the jobs in the order of the files.
   * @throws TesseraError idempotency_conflict, queue_full, shutting_down, disk_full, storage_unavailable; the caller
   * then releases the reservations.
   */
  submitDurable(
    files: readonly DurableRequest[],
  ): Promise<readonly { readonly job: Job; readonly existing: boolean }[]>;
  /** A durable job of this owner (`DurableOptions.owner`), or of everyone. */
  find(id: string, owner: string): Job | undefined;
  /**
   * Cancels a durable job that has not ended (it stays, cancelled, until it expires), or removes an ended one. It
   * finds jobs as `find` does.
   */
  remove(id: string, owner: string): Promise<'cancelled' | 'removed' | undefined>;
  /**
   * Checks a callback URL before the body is read.
   * @throws TesseraError invalid_option unless `CALLBACK_HOSTS` lists the URL's host.
   */
  checkCallbackUrl(url: string): void;
  status(): QueueStatus;
  /** @returns why the folder of the jobs cannot be written, for the log; undefined while it can. */
  storageFault(): Promise<string | undefined>;
  /** Accepts no new jobs. Resolves when all jobs have ended, or when the grace period is over and the rest is cancelled. */
  close(graceMs: number): Promise<void>;
}
