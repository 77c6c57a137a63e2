import { createHash, randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { examineModel } from './examine.js';
import { UnfitModel } from './inspect-model.js';
import {
  CUSTOM_MANIFEST_FILE,
  loadCustomEntries,
  loadManifest,
  type ModelEntry,
  parseManifest,
} from './manifest.js';

/** What the file cannot tell. */
export interface AddOptions {
  /** Default: from the file's name. */
  readonly name?: string;
  readonly title?: string;
  /** What it is for, in a sentence. */
  readonly purpose?: string;
  /** Default: "unknown". */
  readonly licence?: string;
}

/**
 * Takes a user's own ONNX file into the models folder: reads its contract, proves it by tiles, copies it, and writes
 * an entry into `custom.json`, replacing that file atomically. An entry of the same name is replaced.
 * @param file path of the .onnx file, which stays where it is; nothing beside it is read.
 * @param patienceMs how long trying it may take; a minute unless it is given.
 * @returns the entry that was written.
 * @throws UnfitModel, ManifestError, or the file system's errors.
 */
export async function addModel(
  file: string,
  modelsFolder: string,
  options: AddOptions,
  patienceMs?: number,
): Promise<ModelEntry> {
  const source = resolve(file);
  const name = options.name ?? nameFrom(source);
  const shipped = (await loadManifest(modelsFolder)).filter((entry) => entry.family !== 'custom');
  if (shipped.some((entry) => entry.name === name))
    throw new UnfitModel(`The name "${name}" belongs to a shipped model; choose another with --name.`);
  const bytes = await readFile(source);
  const found = await examineModel(
    {
      candidate: {
        name,
        title: options.title ?? name,
        ...(options.purpose === undefined ? {} : { purpose: options.purpose }),
        family: 'custom',
        licence: options.licence ?? 'unknown',
        file: basename(source),
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        confirmed: false,
      },
      folder: dirname(source),
    },
    patienceMs,
  );
  const complete: ModelEntry = { ...found, file: `${name}.onnx` };
  const others = (await loadCustomEntries(modelsFolder)).filter((each) => each.name !== name);
  const text = `${JSON.stringify({ models: [...others, complete] }, null, 2)}\n`;
  // Names and titles come from the command line: what the loader would refuse must not be written.
  parseManifest(text, CUSTOM_MANIFEST_FILE);
  await replaceAtomically(modelsFolder, complete.file, (temporary) => writeFile(temporary, bytes));
  await replaceAtomically(modelsFolder, CUSTOM_MANIFEST_FILE, (temporary) => writeFile(temporary, text));
  return complete;
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

async function replaceAtomically(
  folder: string,
  file: string,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = join(folder, `.download-${file}-${randomBytes(4).toString('hex')}`);
  try {
    await write(temporary);
    await rename(temporary, join(folder, file));
  } finally {
    await rm(temporary, { force: true });
  }
}
