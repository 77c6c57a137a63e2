import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { INSTANCE_NAME, type Instance, isMissing } from './instance.js';

/** The folder of a job of a dead instance. */
export interface OrphanedJob {
  readonly id: string;
  readonly folder: string;
}

/** The folder of a job has the job's id as its name. */
const JOB_NAME = /^[A-Za-z0-9_-]{22}$/;

const ADOPTED = 'adopted';

/**
 * Takes over the folders of dead instances in `TEMP_DIR`. Renaming a dead folder into our own succeeds for one instance only;
 * then the folder is emptied. If this process dies in between, the next sweep finds the rest inside our folder. Folders of
 * living instances and other files in `TEMP_DIR` are never touched.
 * @param keep decides about each job folder: true moves it into our folder, false removes it.
 * @returns the jobs that were kept.
 */
export async function sweep(
  instance: Instance,
  keep: (folder: string) => Promise<boolean>,
): Promise<OrphanedJob[]> {
  const kept: OrphanedJob[] = [];
  for (const name of await foldersIn(instance.tempDir)) {
    if (name === instance.name || !INSTANCE_NAME.test(name) || (await instance.isAlive(name))) continue;
    const adopted = join(instance.folder, ADOPTED);
    await mkdir(adopted, { recursive: true, mode: 0o700 });
    if (!(await moved(join(instance.tempDir, name), join(adopted, name)))) continue;
    kept.push(...(await empty(join(adopted, name), instance, keep)));
    await rm(adopted, { recursive: true, force: true });
  }
  return kept;
}

/** Moves the jobs to keep out of a dead instance's folder, and out of folders that it had adopted and not emptied. */
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

/** @returns false when the folder is gone: another instance took it first. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
}
