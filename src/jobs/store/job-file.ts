import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorMessage } from '../../domain/errors.js';
import type { UpscaleResult } from '../../domain/types.js';
import type { DurableOptions, JobRequest } from '../job.js';

/** How and when a job ended. */
export interface JobEnd {
  readonly state: 'succeeded' | 'failed' | 'cancelled';
  readonly endedAtMs: number;
  readonly expiresAtMs: number;
  readonly result?: UpscaleResult;
  readonly error?: ErrorMessage;
}

/** A durable job as stored in `job.json`. It holds no paths: the folder may move to another instance. */
export interface JobFile {
  readonly version: typeof VERSION;
  readonly id: string;
  readonly request: JobRequest;
  readonly terms: DurableOptions;
  /** Of the source's bytes and the options; set with an idempotency key. */
  readonly digest?: string;
  readonly createdAtMs: number;
  readonly lastEventId: number;
  /** Starts without an end: the service died while the job ran, alone or beside others. */
  readonly starts: number;
  /** Those of `starts` in which no other job ran; 0 when absent. */
  readonly loneStarts?: number;
  readonly startedAtMs?: number;
  /** Absent while the job is queued or running; a restart queues both. */
  readonly end?: JobEnd;
  /** Absent without a callback URL, and after the delivery has succeeded or was given up. */
  readonly callback?: 'pending';
  /** `X-Tessera-Delivery` of the callback, the same for every try. */
  readonly delivery?: string;
}

const VERSION = 1;
const NAME = 'job.json';
const NEW_NAME = 'job.json.new';

/** The store's own names in the folder of a job. */
export const JOB_FILE_NAMES: readonly string[] = [NAME, NEW_NAME];

export function jobFile(fields: Omit<JobFile, 'version'>): JobFile {
  return { version: VERSION, ...fields };
}

/** Size of `job.json`. */
export function jobFileBytes(file: JobFile): number {
  return Buffer.byteLength(JSON.stringify(file));
}

/**
 * Replaces the file in one step: a crash leaves the old one or the new one.
 * @param lasting waits for the disk, so that the file survives a power cut.
 */
export async function writeJobFile(folder: string, file: JobFile, lasting: boolean): Promise<void> {
  const path = join(folder, NEW_NAME);
  const handle = await open(path, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(file));
    if (lasting) await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(path, join(folder, NAME));
}

/** @returns undefined when the file is missing, or of another version or program. */
export async function readJobFile(folder: string): Promise<JobFile | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, NAME), 'utf8'));
    return isJobFile(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Tells other versions and foreign files apart; our own files are always whole. */
function isJobFile(value: unknown): value is JobFile {
  if (typeof value !== 'object' || value === null) return false;
  const file = value as Partial<JobFile>;
  const code = file.end?.error?.code;
  return (
    file.version === VERSION &&
    typeof file.id === 'string' &&
    typeof file.request?.header?.width === 'number' &&
    typeof file.request.options?.timeoutSeconds === 'number' &&
    typeof file.terms?.owner === 'string' &&
    typeof file.createdAtMs === 'number' &&
    (code === undefined || ERROR_CODES.includes(code))
  );
}
