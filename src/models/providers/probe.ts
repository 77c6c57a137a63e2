import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Provider } from '../../domain/types.js';
import type { ModelEntry } from '../manifest-entry.js';

/** The argument of the probing process. */
export interface ProbeOrder {
  readonly entry: ModelEntry;
  readonly modelsFolder: string;
  readonly provider: Provider;
}

/** Its answer: the samples in base64, or why there are none. */
export type ProbeReply = { readonly pixels: string } | { readonly error: string };

/** A driver that takes longer for a small tile is of no use. */
export const PROBE_PATIENCE_MS = 60_000;
const ENTRY = fileURLToPath(new URL('./probe-process.js', import.meta.url));

/**
 * Runs the golden tile on a provider in a child process, because a driver may crash or hang.
 * @returns the samples of the answer.
 * @throws Error saying why there is none.
 */
export function probeElsewhere(order: ProbeOrder, patienceMs = PROBE_PATIENCE_MS): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = fork(ENTRY, [JSON.stringify(order)], { stdio: 'ignore', execArgv: [] });
    const timer = setTimeout(() => {
      reject(new Error(`no answer within ${patienceMs / 1000} s`));
      child.kill('SIGKILL');
    }, patienceMs);
    child.on('message', (reply: ProbeReply) => {
      if ('pixels' in reply) resolve(Buffer.from(reply.pixels, 'base64'));
      else reject(new Error(reply.error));
      // Some drivers crash while they are unloaded.
      child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`the driver ended its process (${signal ?? `code ${code}`})`));
    });
  });
}
