import type { Config } from '../../config/config.js';
import { type AddOptions, addModel } from '../../models/custom/add-model.js';
import { RefusedChange } from '../../models/custom/own-models.js';
import { removeModel } from '../../models/custom/remove-model.js';
import { UnfitModel } from '../../models/failure.js';
import { EXIT } from '../terminal/exit-codes.js';
import { readableError } from '../terminal/file-error.js';
import { summaryOf } from './model-summary.js';

/** What `tessera models add` is told beside the file. */
type AddValues = Pick<AddOptions, 'name' | 'title' | 'purpose' | 'licence' | 'output' | 'replace'> & {
  /** Print the entry, and not a summary. */
  readonly json?: boolean;
};

/** `tessera models add <file>`. @returns the exit code. */
export function add(file: string, config: Config, values: AddValues): Promise<number> {
  return untilStopped(`${file} cannot be added.`, file, async (signal) => {
    const { json = false, ...options } = values;
    const added = await addModel(file, config.MODELS_DIR, { ...options, signal });
    process.stdout.write(json ? `${JSON.stringify(added.entry, null, 2)}\n` : summaryOf(added));
  });
}

/** `tessera models remove <name>`. @returns the exit code. */
export function remove(name: string, config: Config): Promise<number> {
  return untilStopped(`${name} cannot be removed.`, config.MODELS_DIR, async (signal) => {
    const { entry, isFileGone } = await removeModel(name, config.MODELS_DIR, signal);
    process.stdout.write(
      isFileGone
        ? `Removed ${name} and its file ${entry.file}.\n`
        : `Removed ${name} from custom.json. The file ${entry.file} is not one that Tessera put there, and was left alone.\n`,
    );
    if (config.MODEL_CHAIN.includes(name))
      process.stderr.write(`MODEL_CHAIN still names ${name}: take it out, or the service will not start.\n`);
  });
}

/**
 * Runs a change of one's own models, which Ctrl+C ends in order, and tells in a sentence why it could not be.
 * @param failure begins that sentence. @param told path that it need not name again.
 */
async function untilStopped(
  failure: string,
  told: string,
  change: (signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const stop = new AbortController();
  const stopped = () => stop.abort();
  process.once('SIGINT', stopped);
  process.once('SIGTERM', stopped);
  try {
    await change(stop.signal);
    return EXIT.done;
  } catch (error) {
    if (stop.signal.aborted) {
      process.stderr.write('Stopped; nothing was changed.\n');
      return EXIT.interrupted;
    }
    process.stderr.write(`tessera: ${failure} ${sentenceOf(error, told)}\n`);
    return EXIT.someFailed;
  } finally {
    process.off('SIGINT', stopped);
    process.off('SIGTERM', stopped);
  }
}

/** @throws what nobody foresaw. */
function sentenceOf(error: unknown, told: string): string {
  if (error instanceof UnfitModel || error instanceof RefusedChange) return error.message;
  const { code, message } = readableError(error, told);
  if (code === 'internal') throw error;
  return message;
}
