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

/** A durable job as its folder's `job.json` holds it. Paths are not in it: the folder may move to another instance's. */
export interface JobFile {
  readonly version: typeof VERSION;
  readonly id: string;
  readonly request: JobRequest;
  readonly terms: DurableOptions;
  /** Of the source's bytes and the options, when there is an idempotency key. */
  readonly digest?: string;
  readonly createdAtMs: number;
  readonly lastEventId: number;
  /** Starts without an end: the service died while it was at work, beside others or alone. */
  readonly starts: number;
  /** Of these, those in which nothing ran beside it; none when absent. A job that takes the whole service with it must not do so for ever. */
  readonly loneStarts?: number;
  readonly startedAtMs?: number;
  /** Absent while it is queued or running: after a restart both are queued. */
  readonly end?: JobEnd;
  /** Absent without a callback URL, or once its fate is known. */
  readonly callback?: 'pending';
  /** `X-Tessera-Delivery` of that callback, the same for every try. */
  readonly delivery?: string;
}

const VERSION = 1;
const NAME = 'job.json';
const NEW_NAME = 'job.json.new';

/** Names in a job's folder that are the store's own. */
export const JOB_FILE_NAMES: readonly string[] = [NAME, NEW_NAME];

export function jobFile(fields: Omit<JobFile, 'version'>): JobFile {
  return { version: VERSION, ...fields };
}

/** How long the file is. */
export function jobFileBytes(file: JobFile): number {
  return Buffer.byteLength(JSON.stringify(file));
}

/**
 * Writes the file whole or not at all: what a crash leaves is the old one or the new one.
 * @param lasting also after a power cut; that waits for the disk.
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

/** @returns undefined when there is none, or it is not one of ours (another version's, say). */
export async function readJobFile(folder: string): Promise<JobFile | undefined> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(join(folder, NAME), 'utf8'));
  } catch {
    return undefined;
  }
  return isJobFile(value) ? value : undefined;
}

/** The file is ours and written whole; this tells other versions and other people's files apart, no more. */
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
