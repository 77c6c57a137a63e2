import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { monotonicMs } from '../../host/clock.js';
import { withoutSecrets } from '../../host/secrets.js';
import { systemReason } from '../../host/system-reason.js';
import { lacksMemory, messageOf, UnfitModel } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';

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
  /** Which of its outputs is the picture; absent where the only one that can be is. */
  readonly output?: string;
  /** Process that waits for the answer, and without which there is no need of one. */
  readonly parent: number;
}

/** What trying a network shows. */
export interface Examined {
  readonly entry: ModelEntry;
  /** Of a small tile on this processor, per input pixel. */
  readonly microsecondsPerPixel: number;
}

/** What it answers: the whole entry, or in a sentence why there is none. */
export type ExamineReply = Examined | { readonly unfit: string };

/** Loading and some twenty trial tiles; a network that takes longer would serve nobody. */
const PATIENCE_MS = 60_000;
const ENTRY = fileURLToPath(new URL('./examine-process.js', import.meta.url));

/**
 * Finds out what an entry needs to say by running the network, in a process of its own: a file of unknown origin may compute for ever,
 * take all memory, or crash the runtime.
 * @param signal ends it.
 * @throws UnfitModel, or the signal's reason.
 */
export async function examineModel(
  what: Omit<ExamineOrder, 'parent'>,
  signal: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<Examined> {
  signal.throwIfAborted();
  const child = started({ ...what, parent: process.pid });
  const stopped = () => child.kill('SIGKILL');
  signal.addEventListener('abort', stopped);
  const patience = setTimeout(stopped, patienceMs);
  const startedMs = monotonicMs();
  try {
    const reply = await replyOf(child);
    if ('entry' in reply) return reply;
    throw new UnfitModel(reply.unfit);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Ended)) throw error;
    throw new UnfitModel(
      monotonicMs() - startedMs >= patienceMs
        ? `It has not computed its trial tiles within ${patienceMs / 1000} s.`
        : error.message,
    );
  } finally {
    clearTimeout(patience);
    signal.removeEventListener('abort', stopped);
    child.kill('SIGKILL');
  }
}

/** The process that tries a network ended without an answer. */
class Ended extends Error {}

/** @throws UnfitModel where the system has no room for a process. */
function started(order: ExamineOrder): ChildProcess {
  try {
    return fork(ENTRY, [JSON.stringify(order)], {
      stdio: 'ignore',
      execArgv: [],
      env: withoutSecrets(process.env),
    });
  } catch (error) {
    throw notStarted(error);
  }
}

function notStarted(cause: unknown): UnfitModel {
  const why = lacksMemory(cause)
    ? 'there is no memory for one, or too many are running'
    : (systemReason(cause) ?? messageOf(cause));
  return new UnfitModel(`It cannot be tried: a process for that could not be started (${why}).`, { cause });
}

function replyOf(child: ChildProcess): Promise<ExamineReply> {
  return new Promise((resolve, reject) => {
    child.once('message', (reply) => resolve(reply as ExamineReply));
    child.once('error', (error) => reject(notStarted(error)));
    child.once('exit', (_code, signal) => {
      const why =
        signal === 'SIGKILL'
          ? 'The system ended the process that tried it, most likely because memory ran out.'
          : 'ONNX Runtime ended the process that tried it: it crashed over this network.';
      reject(new Ended(why));
    });
  });
}
