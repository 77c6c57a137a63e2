import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobCost } from '../../cost/job-cost.js';
import { type JobOrigin, RESULT_FILE, SOURCE_FILE } from '../upscale-job.js';
import type { Instance } from './instance.js';
import { type JobFile, readJobFile } from './job-file.js';
import { sweep } from './sweep.js';

/** A job is given up after so many deaths of the service while the job ran alone. */
export const MAX_LONE_DEATHS = 3;

/** A durable job of a dead instance, moved into the folder of this one. */
export interface InheritedJob {
  readonly folder: string;
  readonly file: JobFile;
}

/** Takes over the folders of dead instances. @returns their durable jobs, in the order in which to queue them. */
export async function takeOver(instance: Instance): Promise<readonly InheritedJob[]> {
  const inherited: InheritedJob[] = [];
  for (const { folder } of await sweep(instance, isWorthKeeping)) {
    const file = await readJobFile(folder);
    if (file !== undefined) inherited.push({ folder, file });
  }
  return inherited.sort((a, b) => deaths(a.file) - deaths(b.file) || a.file.createdAtMs - b.file.createdAtMs);
}

/** The data of an inherited job. It runs alone if the service may have died under it. */
export function originOf({ folder, file }: InheritedJob, cost: JobCost): JobOrigin {
  return { ...file, workFolder: folder, cost, durable: file.terms, alone: file.starts > 0 };
}

/**
 * Jobs under which the service may have died come last, so that the others need not wait for runs alone. Among these the one
 * with the fewest tries comes first, so that no job is blamed only because it was first in the queue each time.
 */
function deaths({ starts, loneStarts = 0 }: JobFile): number {
  return Math.min(1, starts) + loneStarts;
}

/** Whether a folder of a dead instance holds a durable job that is whole and has not expired. */
async function isWorthKeeping(folder: string): Promise<boolean> {
  const file = await readJobFile(folder);
  if (file === undefined) return false;
  if (file.end === undefined) return (await sizeOf(join(folder, SOURCE_FILE))) === file.request.sourceBytes;
  if (file.end.expiresAtMs <= Date.now()) return false;
  return file.end.result === undefined || (await sizeOf(join(folder, RESULT_FILE))) === file.end.result.bytes;
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}
