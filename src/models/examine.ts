import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { withoutSecrets } from '../secrets.js';
import { UnfitModel } from './inspect-model.js';
import type { ModelEntry } from './manifest.js';

/** What is known of a network before it is run. */
export type Candidate = Pick<
  ModelEntry,
  'name' | 'title' | 'purpose' | 'family' | 'licence' | 'file' | 'bytes' | 'sha256' | 'confirmed'
>;

/** What the examining process is told. */
export interface ExamineOrder {
  readonly candidate: Candidate;
  /** Where the candidate's file lies. */
  readonly folder: string;
}

/** What it answers: the whole entry, or in a sentence why there is none. */
export type ExamineReply = { readonly entry: ModelEntry } | { readonly unfit: string };

/** Loading and some twenty trial tiles; a network that takes longer would serve nobody. */
const PATIENCE_MS = 60_000;
const ENTRY = fileURLToPath(new URL('./examine-process.js', import.meta.url));

/**
 * Finds out what an entry needs to say by running the network, in a process of its own: a file of unknown origin may compute for ever,
 * take all memory, or crash the runtime.
 * @throws UnfitModel
 */
export function examineModel(order: ExamineOrder, patienceMs = PATIENCE_MS): Promise<ModelEntry> {
  return new Promise((resolve, reject) => {
    const child = fork(ENTRY, [JSON.stringify(order)], {
      stdio: 'ignore',
      execArgv: [],
      env: withoutSecrets(process.env),
    });
    const timer = setTimeout(() => {
      reject(new UnfitModel(`It has not computed its trial tiles within ${patienceMs / 1000} s.`));
      child.kill('SIGKILL');
    }, patienceMs);
    child.on('message', (reply: ExamineReply) => {
      if ('entry' in reply) resolve(reply.entry);
      else reject(new UnfitModel(reply.unfit));
      child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      reject(new UnfitModel(`It ended the process that tried it (${signal ?? `code ${code}`}).`));
    });
  });
}
