import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { withoutSecrets } from '../../host/secrets.js';
import { systemReason } from '../../host/system-reason.js';
import { lacksMemory, messageOf, UnfitModel } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';

/** The part of an entry that is known before the network is run. */
export type Candidate = Pick<
  ModelEntry,
  'name' | 'title' | 'purpose' | 'family' | 'licence' | 'file' | 'bytes' | 'sha256' | 'confirmed'
>;

/** The argument of the examining process. */
export interface ExamineOrder {
  readonly candidate: Candidate;
  /** The folder of the candidate's file. */
  readonly folder: string;
  /** Name of the output that is the picture; needed when several outputs could be. */
  readonly output?: string;
  /** Id of the process that waits for the answer. The examining process ends with it. */
  readonly parent: number;
}

/** The result of an examination. */
export interface Examined {
  readonly entry: ModelEntry;
  /** Time per input pixel of a small tile on this CPU. */
  readonly microsecondsPerPixel: number;
}

/** The answer of the examining process; `unfit` is a sentence for users. */
export type ExamineReply = Examined | { readonly unfit: string };

/** Loading and some twenty trial tiles take less; a network that takes longer is of no use. */
const TIMEOUT_MS = 60_000;
const ENTRY = fileURLToPath(new URL('./examine-process.js', import.meta.url));

/**
 * Completes an entry by running the network in a child process: a file of unknown origin may compute for ever, use up the memory, or crash
 * the runtime.
 * @throws UnfitModel, or the signal's reason.
 */
export async function examineModel(
  what: Omit<ExamineOrder, 'parent'>,
  signal: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<Examined> {
  signal.throwIfAborted();
  const timeout = AbortSignal.timeout(timeoutMs);
  const child = started({ ...what, parent: process.pid }, AbortSignal.any([signal, timeout]));
  try {
    const reply = await replyOf(child);
    if ('entry' in reply) return reply;
    throw new UnfitModel(reply.unfit);
  } catch (error) {
    signal.throwIfAborted();
    if (!timeout.aborted) throw error;
    throw new UnfitModel(`It has not computed its trial tiles within ${timeoutMs / 1000} s.`);
  } finally {
    child.kill('SIGKILL');
  }
}

/** @throws UnfitModel when the process cannot be started. */
function started(order: ExamineOrder, signal: AbortSignal): ChildProcess {
  try {
    return fork(ENTRY, [JSON.stringify(order)], {
      stdio: 'ignore',
      execArgv: [],
      env: withoutSecrets(process.env),
      signal,
      killSignal: 'SIGKILL',
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
      reject(new UnfitModel(why));
    });
  });
}
