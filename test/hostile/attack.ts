import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostileAnswer } from './hostile-answer.js';
import type { HostilePicture } from './inputs/catalogue.js';

const PROCESS = fileURLToPath(new URL('./attack-process.js', import.meta.url));

/** Clients that upload hostile pictures all the time. */
export interface Attack {
  /** In the order in which they came. */
  readonly answers: readonly HostileAnswer[];
  /** Resolves when there are so many. @throws when the attack ended before. */
  until(answers: number): Promise<void>;
  end(): Promise<void>;
}

/** Makes pictures beforehand, in their order. @returns their folder, which the caller removes. */
export async function makePictures(pictures: readonly HostilePicture[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-attack-'));
  for (const [index, { make }] of pictures.entries())
    await writeFile(join(folder, String(index).padStart(3, '0')), make());
  return folder;
}

/**
 * Uploads pictures by so many clients in another process, until `end` or the end of the service.
 * @param folder by `makePictures`.
 */
export function startAttack(origin: string, folder: string, clients: number): Attack {
  const child: ChildProcess = fork(PROCESS, [origin, folder, String(clients)]);
  const ended = once(child, 'exit');
  const answers: HostileAnswer[] = [];
  child.on('message', (answer: HostileAnswer) => answers.push(answer));
  return {
    answers,
    async until(count) {
      while (answers.length < count) {
        const over = ended.then(() => {
          throw new Error(`The attack ended after ${answers.length} answers.`);
        });
        await Promise.race([once(child, 'message'), over]);
      }
    },
    async end() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
