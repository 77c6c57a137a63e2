import type { TesseraError } from '../errors.js';
import type { Attempt, ImageHeader, UpscaleOptions, UpscaleProgress, UpscaleResult } from '../types.js';

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** A place held from before the upload is read until the job is submitted or given up. */
export interface Reservation {
  /** 128 random bits, URL-safe. */
  readonly id: string;
  /** The job's folder, 0700, created exclusively; empty but for what the upload writes. */
  readonly workFolder: string;
  readonly sourcePath: string;
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
  /** When the upload ended, epoch milliseconds: the deadline counts from here. */
  readonly uploadedAtMs: number;
}

/** A job as its owner sees it. Snapshots are plain values; `settled` never rejects unhandled. */
export interface Job {
  readonly id: string;
  readonly request: JobRequest;
  readonly state: JobState;
  readonly progress: UpscaleProgress | undefined;
  /** Jobs ahead of it, while queued. */
  readonly position: number | undefined;
  readonly attempts: readonly Attempt[];
  readonly result: UpscaleResult | undefined;
  readonly error: TesseraError | undefined;
  readonly resultPath: string;
  readonly queueWaitMs: number;
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
  readonly maxRunning: number;
  readonly maxQueued: number;
  /** Measured backlog in seconds: what `Retry-After` says. */
  readonly backlogSeconds: number;
  readonly diskBytes: number;
}

/** Admission, execution and limits: the one path that `/upscale`, `/jobs` and the command line use. */
export interface Jobs {
  /**
   * Before the body is read. @param declaredBytes Content-Length, when there is one.
   * @throws TesseraError queue_full (with retryAfterSeconds), shutting_down, disk_full.
   */
  reserve(declaredBytes: number | undefined): Promise<Reservation>;
  submit(reservation: Reservation, request: JobRequest): Job;
  status(): QueueStatus;
  /** No new jobs; resolves when all have ended or the grace period is over (then they are cancelled). */
  close(graceMs: number): Promise<void>;
}
