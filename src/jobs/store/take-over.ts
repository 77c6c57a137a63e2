import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobCost } from '../../cost/job-cost.js';
import { type JobOrigin, RESULT_FILE, SOURCE_FILE } from '../upscale-job.js';
import type { Instance } from './instance.js';
import { type JobFile, readJobFile } from './job-file.js';
import { sweep } from './sweep.js';

/** A job under which the service itself died so often, with nothing beside it, is not tried again. */
export const MAX_LONE_DEATHS = 3;

/** A durable job that a dead instance left, in a folder of ours by now. */
export interface InheritedJob {
  readonly folder: string;
  readonly file: JobFile;
}

/** Takes over what dead instances left. @returns their durable jobs, in the order in which they are to go on. */
export async function takeOver(instance: Instance): Promise<readonly InheritedJob[]> {
  const inherited: InheritedJob[] = [];
  for (const { folder } of await sweep(instance, isWorthKeeping)) {
    const file = await readJobFile(folder);
    if (file !== undefined) inherited.push({ folder, file });
  }
  return inherited.sort((a, b) => deaths(a.file) - deaths(b.file) || a.file.createdAtMs - b.file.createdAtMs);
}

/** What the job is made of, anew. It runs alone if the service may have died under it. */
export function originOf({ folder, file }: InheritedJob, cost: JobCost): JobOrigin {
  const { id, request, terms, createdAtMs, lastEventId, startedAtMs, end } = file;
  return {
    id,
    workFolder: folder,
    request,
    cost,
    createdAtMs,
    terms,
    lastEventId,
    alone: file.starts > 0,
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    ...(end === undefined ? {} : { end }),
  };
}

/**
 * Jobs under which the service may have died come last, so that the others do not wait for runs alone; of them the one that was tried
 * least comes first, so that none is blamed for merely being next again and again.
 */
function deaths({ starts, loneStarts = 0 }: JobFile): number {
  return Math.min(1, starts) + loneStarts;
}

/** Whether a folder left by a dead instance holds a durable job that is still of use. */
async function isWorthKeeping(folder: string): Promise<boolean> {
  const file = await readJobFile(folder);
  if (file === undefined) return false;
  if (file.end === undefined) return (await sizeOf(join(folder, SOURCE_FILE))) === file.request.sourceBytes;
  if (file.end.expiresAtMs <= Date.now()) return false;
  return file.end.result === undefined || (await sizeOf(join(folder, RESULT_FILE))) === file.end.result.bytes;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}
