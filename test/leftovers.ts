import { readdir } from 'node:fs/promises';

/** What an instance keeps for itself in its folder. */
const INSTANCE_FILES: readonly string[] = ['instance.json', 'heartbeat'];

/** Everything in a `TEMP_DIR` that belongs to a job, two levels deep: instances, then their jobs. */
export async function leftovers(tempFolder: string): Promise<string[]> {
  const found: string[] = [];
  for (const instance of await list(tempFolder)) {
    if (!instance.startsWith('instance-')) found.push(instance);
    for (const name of await list(`${tempFolder}/${instance}`)) {
      if (!INSTANCE_FILES.includes(name)) found.push(`${instance}/${name}`);
    }
  }
  return found;
}

/** Names in a folder; none when it has just been removed. */
async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
