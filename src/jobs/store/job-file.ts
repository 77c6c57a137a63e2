import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorMessage } from '../../domain/errors.js';
import type { UpscaleResult } from '../../domain/types.js';
import type { DurableOptions, JobRequest } from '../job.js';

/** How a durable job ended. */
export interface JobEnd {
  readonly state: 'succeeded' | 'failed' | 'cancelled';
  readonly endedAtMs: number;
  readonly expiresAtMs: number;
  readonly result?: UpscaleResult;
  readonly error?: ErrorMessage;
}

/** A durable job as stored in `job.json`. It holds no paths, because its folder may move to another instance. */
export interface JobFile {
  readonly version: typeof VERSION;
  readonly id: string;
  readonly request: JobRequest;
  readonly terms: DurableOptions;
  /** Digest of the source's bytes and the options, if there is an idempotency key. */
  readonly digest?: string;
  readonly createdAtMs: number;
  readonly lastEventId: number;
  /** Starts without an end: the service died while the job was running, beside others or alone. */
  readonly starts: number;
  /** Those of these starts in which the job ran alone; absent means none. They bound how often a job may take the service down. */
  readonly loneStarts?: number;
  readonly startedAtMs?: number;
  /** Absent while the job is queued or running. After a restart it is queued. */
  readonly end?: JobEnd;
  /** Absent without a callback URL, and once the callback has succeeded or was given up. */
  readonly callback?: 'pending';
  /** `X-Tessera-Delivery` of that callback, the same for every try. */
  readonly delivery?: string;
}

const VERSION = 1;
const NAME = 'job.json';
const NEW_NAME = 'job.json.new';

/** Files of the store in a job's folder. */
export const JOB_FILE_NAMES: readonly string[] = [NAME, NEW_NAME];

export function jobFile(fields: Omit<JobFile, 'version'>): JobFile {
  return { version: VERSION, ...fields };
}

/** Length of the file in bytes. */
export function jobFileBytes(file: JobFile): number {
  return Buffer.byteLength(JSON.stringify(file));
}

/**
 * Writes the file atomically: a crash leaves the old file or the new one.
 * @param lasting true: also after a power cut, which waits for the disk.
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

/** @returns undefined for a missing file or one of another version. */
export async function readJobFile(folder: string): Promise<JobFile | undefined> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(join(folder, NAME), 'utf8'));
  } catch {
    return undefined;
  }
  return isJobFile(value) ? value : undefined;
}

/** Whether the parsed file is one of this version. Files are written whole, so no more is checked. */
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
