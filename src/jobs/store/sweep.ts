import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { INSTANCE_NAME, type Instance, isMissing } from './instance.js';

/** A job's folder that a dead instance left behind. */
export interface OrphanedJob {
  readonly id: string;
  readonly folder: string;
}

/** Ids of jobs are the names of their folders. */
export const JOB_NAME = /^[A-Za-z0-9_-]{22}$/;

const ADOPTED = 'adopted';

/**
 * Takes over what dead instances left in `TEMP_DIR`. A dead folder is first renamed into our own, which succeeds for one instance
 * only, then emptied; if we die in between, whoever sweeps next finds it within ours. Folders of living instances, and whatever else lies in
 * `TEMP_DIR`, are never touched.
 * @param keep decides over each job's folder: true to move it into ours as our own job, false to have it removed.
 * @returns the jobs that were kept.
 */
export async function sweep(
  instance: Instance,
  keep: (folder: string) => Promise<boolean>,
): Promise<OrphanedJob[]> {
  const kept: OrphanedJob[] = [];
  for (const name of await foldersIn(instance.tempDir)) {
    if (name === instance.name || !INSTANCE_NAME.test(name)) continue;
    if (await instance.isAlive(name)) continue;
    const adopted = join(instance.folder, ADOPTED);
    await mkdir(adopted, { recursive: true, mode: 0o700 });
    if (!(await moved(join(instance.tempDir, name), join(adopted, name)))) continue;
    kept.push(...(await empty(join(adopted, name), instance, keep)));
    await rm(adopted, { recursive: true, force: true });
  }
  return kept;
}

/** Moves the jobs to keep out of a dead instance's folder, and those that it had adopted from others and not yet sorted. */
async function empty(
  dead: string,
  instance: Instance,
  keep: (folder: string) => Promise<boolean>,
): Promise<OrphanedJob[]> {
  const kept: OrphanedJob[] = [];
  for (const name of await foldersIn(dead)) {
    const folder = join(dead, name);
    if (name === ADOPTED) {
      for (const older of await foldersIn(folder))
        kept.push(...(await empty(join(folder, older), instance, keep)));
    } else if (JOB_NAME.test(name) && (await keep(folder))) {
      const ours = join(instance.folder, name);
      if (await moved(folder, ours)) kept.push({ id: name, folder: ours });
    }
  }
  return kept;
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** @returns false when it is not there any more: another instance was faster. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
}
