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

/** What the file does not contain. */
export interface AddOptions {
  /** Default: from the file's name. */
  readonly name?: string;
  readonly title?: string;
  readonly purpose?: string;
  /** Default: "unknown". */
  readonly licence?: string;
  /** Name of the output that is the picture; needed when several outputs could be. */
  readonly output?: string;
  /** Whether the user's own model of that name may be replaced. Default: false. */
  readonly replace?: boolean;
  /** Aborts without a change. */
  readonly signal?: AbortSignal;
  /** Time limit of the examination. Default: a minute. */
  readonly patienceMs?: number;
}

/**
 * Adds a user's own network: copies the ONNX file, together with its external weights, into the models folder, examines it by running it, and
 * writes its entry into `custom.json`. A failure leaves no file behind.
 * @param file path of the .onnx file, which is not changed.
 * @returns the entry and the measured speed.
 * @throws RefusedChange, UnfitModel, ManifestError, the signal's reason, or the file system's errors.
 */
export async function addModel(
  file: string,
  modelsFolder: string,
  options: AddOptions = {},
): Promise<Examined> {
  const source = resolve(file);
  const name = options.name ?? nameFrom(source);
  const { replace: mayReplace = false, signal = new AbortController().signal } = options;
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
      // Another process may have taken the name in the meantime.
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

/** Checks the lines of text as the manifest does. @throws RefusedChange */
function refuseLines(options: AddOptions): void {
  for (const key of ['title', 'purpose', 'licence'] as const) {
    const text = options[key];
    if (text !== undefined && !/^\P{Cc}{1,120}$/u.test(text))
      throw new RefusedChange(`Expected one line of 1 to 120 characters for --${key}.`);
  }
}

/**
 * Renames the finished file to the model's name, or to one with the beginning of its hash when another file has that name. No file is
 * overwritten: a replaced entry keeps its own file until it is removed.
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
    // The user put it there, or an earlier run that was killed before it wrote the entry.
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
