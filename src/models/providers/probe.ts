import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Provider } from '../../domain/types.js';
import type { ModelEntry } from '../manifest-entry.js';

/** What the probing process is told. */
export interface ProbeOrder {
  readonly entry: ModelEntry;
  readonly modelsFolder: string;
  readonly provider: Provider;
}

/** What it answers: the golden tile's pixels in base64, or why there are none. */
export type ProbeReply = { readonly pixels: string } | { readonly error: string };

/** A driver that takes longer for one small tile is of no use. */
export const PROBE_PATIENCE_MS = 60_000;
const ENTRY = fileURLToPath(new URL('./probe-process.js', import.meta.url));

/**
 * Runs the golden tile on a provider in a process of its own: a driver that crashes or hangs must not take the engine
 * with it at every start.
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
      // Some drivers crash while they are unloaded; the answer is here.
      child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new Error(`the driver ended its process (${signal ?? `code ${code}`})`));
    });
  });
}
