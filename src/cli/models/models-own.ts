import type { Config } from '../../config/config.js';
import { type AddOptions, addModel } from '../../models/custom/add-model.js';
import { RefusedChange } from '../../models/custom/own-models.js';
import { removeModel } from '../../models/custom/remove-model.js';
import { UnfitModel } from '../../models/failure.js';
import { EXIT } from '../terminal/exit-codes.js';
import { readableError } from '../terminal/file-error.js';
import { Stop } from '../terminal/stop.js';
import { summaryOf } from './model-summary.js';

/** Flags of `tessera models add`. */
type AddValues = Pick<AddOptions, 'name' | 'title' | 'purpose' | 'licence' | 'output' | 'replace'> & {
  /** Prints the entry instead of a summary. */
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
 * Runs a change of the custom models, which Ctrl-C ends in an orderly way, and prints a sentence when it fails.
 * @param failure begins the sentence. @param told path that the rest of the sentence does not name again.
 */
async function untilStopped(
  failure: string,
  told: string,
  change: (signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const stop = new Stop();
  try {
    await change(stop.signal);
    return EXIT.done;
  } catch (error) {
    if (stop.exitCode !== undefined) {
      process.stderr.write('Stopped; nothing was changed.\n');
      return stop.exitCode;
    }
    process.stderr.write(`tessera: ${failure} ${sentenceOf(error, told)}\n`);
    return EXIT.someFailed;
  } finally {
    stop.close();
  }
}

/** @throws an unexpected error as it is. */
function sentenceOf(error: unknown, told: string): string {
  if (error instanceof UnfitModel || error instanceof RefusedChange) return error.message;
  const { code, message } = readableError(error, told);
  if (code === 'internal') throw error;
  return message;
}
