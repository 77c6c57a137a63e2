import { openAsBlob } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { type HostileAnswer, upload } from './hostile-answer.js';

/**
 * Hostile clients in a process of their own: `node attack-process.js <origin> <folder> <clients>`. Each uploads one file of the folder
 * after the other, round and round, until it cannot connect any more or the parent leaves. The parent is told each answer.
 */

/** Ends an attack whose parent forgot it. */
const MAX_MS = 600_000;

const [origin = '', folder = '', clients = '1'] = process.argv.slice(2);
// Work of the clients is not to be taken for work of the service.
setPriority(constants.priority.PRIORITY_LOW);
process.on('disconnect', () => process.exit());
setTimeout(() => process.exit(1), MAX_MS).unref();

const names = (await readdir(folder)).sort();

async function attack(client: number): Promise<void> {
  // Each begins elsewhere in the list, so that different pictures meet.
  for (let turn = Math.floor((client * names.length) / Number(clients)); ; turn++) {
    const picture = await openAsBlob(join(folder, names[turn % names.length] ?? ''));
    try {
      tell(await upload(origin, picture));
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as { code?: string };
      if (code === 'ECONNREFUSED') return;
      // A connection that was cut off: the next upload has another.
      if (code === undefined) throw error;
    }
  }
}

function tell(answer: HostileAnswer): void {
  // The parent may leave at any moment.
  process.send?.(answer, undefined, undefined, () => {});
}

await Promise.all(Array.from({ length: Number(clients) }, (_, client) => attack(client)));
process.disconnect();
