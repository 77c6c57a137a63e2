import { createHash } from 'node:crypto';
import { lstat, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Examined, examineModel } from '../examine/examine.js';
import { loadCustomEntries, loadShippedEntries } from '../manifest.js';
import type { ModelEntry } from '../manifest-entry.js';
import { readNetwork } from '../onnx-file/read-network.js';
import { fileState } from '../verify.js';
import {
  changeOwnModels,
  RefusedChange,
  removeCopy,
  unfinishedFile,
  writeDurably,
  writing,
} from './own-models.js';
import { refuseTaken } from './taken-name.js';

/** What the file cannot tell. */
export interface AddOptions {
  /** Default: from the file's name. */
  readonly name?: string;
  readonly title?: string;
  /** What it is for, in a sentence. */
  readonly purpose?: string;
  /** Default: "unknown". */
  readonly licence?: string;
  /** Which of its outputs is the picture, where more than one could be. */
  readonly output?: string;
  /** Whether a model of one's own by that name may be replaced. Default: it is refused. */
  readonly replace?: boolean;
  /** Ends it; nothing is changed then. */
  readonly signal?: AbortSignal;
  /** How long trying it may take; a minute unless it is given. */
  readonly patienceMs?: number;
}

/**
 * Takes a user's own ONNX file into the models folder: reads its contract, proves it by tiles, copies it, with
 * the weights that lie in files beside it, and writes an entry into `custom.json`. What is refused leaves nothing behind.
 * @param file path of the .onnx file, which stays where it is.
 * @returns the entry that was written, and the speed that was measured.
 * @throws RefusedChange, UnfitModel, ManifestError, the signal's reason, or the file system's errors.
 */
export async function addModel(
  file: string,
  modelsFolder: string,
  options: AddOptions = {},
): Promise<Examined> {
  const source = resolve(file);
  const name = options.name ?? nameFrom(source);
  const mayReplace = options.replace === true;
  const signal = options.signal ?? new AbortController().signal;
  const shipped = await loadShippedEntries(modelsFolder);
  refuseTaken(name, { shipped, own: await loadCustomEntries(modelsFolder) }, mayReplace);
  refuseLines(options);
  const pieces = await readNetwork(source);
  const unfinished = unfinishedFile(modelsFolder);
  try {
    await writing(modelsFolder, () => writeDurably(unfinished, pieces));
    const { entry: found, microsecondsPerPixel } = await examineModel(
      {
        candidate: {
          name,
          title: options.title ?? name,
          ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
          family: 'custom',
          licence: options.licence ?? 'unknown',
          file: basename(unfinished),
          ...factsOf(pieces),
          confirmed: false,
        },
        folder: dirname(unfinished),
        ...(options.output === undefined ? {} : { output: options.output }),
      },
      signal,
      options.patienceMs,
    );
    return await changeOwnModels(modelsFolder, signal, async (own) => {
      // Somebody else may have been faster.
      refuseTaken(name, { shipped, own }, mayReplace);
      const before = own.find((each) => each.name === name);
      const { entry, undo } = await placed(found, unfinished, before, modelsFolder);
      return {
        entries: before === undefined ? [...own, entry] : own.map((each) => (each === before ? entry : each)),
        undo,
        finish: async () => {
          if (before !== undefined && before.file !== entry.file) await removeCopy(before, modelsFolder);
          return { entry, microsecondsPerPixel };
        },
      };
    });
  } finally {
    await rm(unfinished, { force: true });
  }
}

function factsOf(pieces: readonly Uint8Array[]): Pick<ModelEntry, 'bytes' | 'sha256'> {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return { bytes: pieces.reduce((sum, { length }) => sum + length, 0), sha256: hash.digest('hex') };
}

/** "My Model (v2).onnx" as "my-model-v2". */
function nameFrom(path: string): string {
  return basename(path)
    .replace(/\.onnx$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 64);
}

/** What the manifest has for a line of text. @throws RefusedChange */
function refuseLines(options: AddOptions): void {
  for (const key of ['title', 'purpose', 'licence'] as const) {
    const text = options[key];
    if (text !== undefined && !/^\P{Cc}{1,120}$/u.test(text))
      throw new RefusedChange(`Expected one line of 1 to 120 characters for --${key}.`);
  }
}

/**
 * Gives a finished file its name in the models folder: that of the model, or where another file has that, one with the beginning of its
 * hash as well. So no file is overwritten, and an entry that is being replaced keeps its own until nobody needs it.
 */
async function placed(
  found: ModelEntry,
  unfinished: string,
  before: ModelEntry | undefined,
  modelsFolder: string,
): Promise<{ entry: ModelEntry; undo?: () => Promise<void> }> {
  const isThere = async (file: string) =>
    (await fileState({ ...found, file }, modelsFolder, 'sha256')) === 'intact';
  if (before !== undefined && (await isThere(before.file)))
    return { entry: { ...found, file: before.file, ...(before.copied === true ? { copied: true } : {}) } };
  const usual = `${found.name}.onnx`;
  const hashed = `${found.name}.${found.sha256.slice(0, 8)}.onnx`;
  for (const file of [usual, hashed]) {
    const path = join(modelsFolder, file);
    if (await isFree(path)) {
      await rename(unfinished, path);
      return { entry: { ...found, file, copied: true }, undo: () => rm(path, { force: true }) };
    }
    // Its owner put it there, or an earlier run that was killed before it wrote the entry.
    if (await isThere(file)) return { entry: { ...found, file } };
  }
  throw new RefusedChange(
    `The models folder has other files by the names ${usual} and ${hashed}. Move one away, or choose another name with --name.`,
  );
}

async function isFree(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    () => true,
  );
}
