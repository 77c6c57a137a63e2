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

/** A place for one file, from before the upload is read until the job is submitted or the reservation released. */
export interface Reservation {
  /** 128 random bits, URL-safe. */
  readonly id: string;
  /** The job's folder: mode 0700, new, written by the upload alone. */
  readonly workFolder: string;
  readonly sourcePath: string;
  /**
   * Reserves one more file of the same request. Only the first file has a guaranteed place in the queue;
   * `Jobs.submitDurable` takes the places of all files together.
   * @throws TesseraError queue_full when the queue has no room for so many jobs now, disk_full.
   */
  another(): Promise<Reservation>;
  /** Gives the place back and removes the folder. Does nothing after `submit`. */
  release(): Promise<void>;
}

export interface JobRequest {
  readonly header: ImageHeader;
  readonly options: UpscaleOptions;
  /** Size of the source on disk. */
  readonly sourceBytes: number;
  /** The client's file name, made safe; only the name of the download uses it. */
  readonly fileName?: string;
  /** End of the upload, epoch milliseconds; for display. */
  readonly uploadedAtMs: number;
}

/** Options of a job that outlives its request and survives a restart. */
export interface DurableOptions {
  /**
   * Digest of the API key that made the job; empty when the service had no keys, and then every client may see the job.
   * An idempotency key counts for its owner alone.
   */
  readonly owner: string;
  /** The client's `Idempotency-Key`: the same key, source bytes and options give the same job. */
  readonly idempotencyKey?: string;
  /** Gets one signed POST when the job ends; passed `checkCallbackUrl` before. */
  readonly callbackUrl?: string;
}

export interface DurableSubmission {
  readonly reservation: Reservation;
  readonly request: JobRequest;
  readonly durable: DurableOptions;
}

/** One change in a job's life, for server-sent events. Each event is a complete snapshot, so a missed event does no harm. */
export interface JobEvent {
  /** Rises with every event of a job, also across restarts. */
  readonly id: number;
  /** By `monotonicMs`. */
  readonly atMs: number;
  readonly state: JobState;
  readonly progress: UpscaleProgress | undefined;
  readonly position: number | undefined;
}

/** A job as its owner sees it. */
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
  /** Epoch milliseconds, like the other times; `startedAtMs` is the last start when the job ran more than once. */
  readonly createdAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  /** When an ended durable job is removed; undefined before its end and for other jobs. */
  readonly expiresAtMs: number | undefined;
  /** The stored events after `afterId` (default: all), oldest first: every change of state, and the latest progress. */
  events(afterId?: number): readonly JobEvent[];
  /** Resolves with the result or rejects with the TesseraError; a rejection may stay unhandled. */
  readonly settled: Promise<UpscaleResult>;
  /** Calls the listener at every change of state or progress. @returns the unsubscribe. */
  onChange(listener: () => void): () => void;
  /** Takes effect at the next tile. */
  cancel(): void;
  /** Cancels the job if it has not ended, and removes its folder. Idempotent. */
  dispose(): Promise<void>;
}

export interface QueueStatus {
  readonly running: number;
  readonly queued: number;
  readonly uploading: number;
  /** Durable jobs in any state. */
  readonly kept: number;
  readonly maxRunning: number;
  readonly maxQueued: number;
  /** Seconds until the present work is done, by measured speed; the value of `Retry-After`. */
  readonly backlogSeconds: number;
  readonly diskBytes: number;
}

/** Admission, execution and limits of jobs. `/upscale`, `/jobs` and the command line all use this interface. */
export interface Jobs {
  /**
   * Reserves a place before the body is read. A request is one upload, whatever number of files it has.
   * @param declaredBytes Content-Length, if present.
   * @param options default: one file, for a job that is not durable.
   * @throws TesseraError queue_full (with retryAfterSeconds), shutting_down, disk_full, storage_unavailable.
   */
  reserve(declaredBytes: number | undefined, options?: UploadOptions): Promise<Reservation>;
  /** @throws TesseraError shutting_down, disk_full; the caller then releases the reservation. */
  submit(reservation: Reservation, request: JobRequest): Job;
  /**
   * Submits all files of one upload as durable jobs, or none. The jobs stay, with their results, until `JOB_TTL_MINUTES` after
   * their end. Resolves when the jobs are on disk. When the owner used the idempotency key before with the same bytes and
   * options, `existing` is true, `job` is the earlier job, and the reservation has been released.
   * @returns the jobs in the order of the files.
   * @throws TesseraError idempotency_conflict, queue_full, shutting_down, disk_full, storage_unavailable; the caller then
   * releases the reservations.
   */
  submitDurable(
    files: readonly DurableSubmission[],
  ): Promise<readonly { readonly job: Job; readonly existing: boolean }[]>;
  /** A durable job of this owner (`DurableOptions.owner`), or of everyone. */
  find(id: string, owner: string): Job | undefined;
  /** Cancels a durable job that has not ended, and leaves it to expire; removes one that has ended. */
  remove(id: string, owner: string): Promise<'cancelled' | 'removed' | undefined>;
  /** @throws TesseraError invalid_option unless `CALLBACK_HOSTS` lists the host of the URL. */
  checkCallbackUrl(url: string): void;
  status(): QueueStatus;
  /** @returns why the folder of the jobs cannot be written now, for the log; undefined while it can. */
  storageFault(): Promise<string | undefined>;
  /** Takes no new jobs. Resolves when all jobs have ended; cancels those that are left after the grace period. */
  close(graceMs: number): Promise<void>;
}
