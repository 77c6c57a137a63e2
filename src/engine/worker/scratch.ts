import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const PREFIX = 'scratch-';

/**
 * Runs `work` with a new folder for scratch files inside a job's own, and removes it afterwards. Scratch files of an
 * engine that died under the job are removed first: they may be half the disk.
 */
export async function withScratch<T>(workFolder: string, run: (scratch: string) => Promise<T>): Promise<T> {
  for (const name of await readdir(workFolder)) {
    if (name.startsWith(PREFIX)) await rm(join(workFolder, name), { recursive: true, force: true });
  }
  const scratch = await mkdtemp(join(workFolder, PREFIX));
  try {
    return await run(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
