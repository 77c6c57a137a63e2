import { randomBytes } from 'node:crypto';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, systemReason } from '../../host/system-reason.js';
import { contradictions } from '../contradictions.js';
import { holdLock, type Lock } from '../download/file-lock.js';
import { CUSTOM_MANIFEST_FILE, loadCustomEntries, loadShippedEntries, parseManifest } from '../manifest.js';
import type { ModelEntry } from '../manifest-entry.js';
import { fileState } from '../verify.js';

const LOCK_FILE = `.${CUSTOM_MANIFEST_FILE}.lock`;
/** What is being written in the models folder has a name of this beginning, which no model's file has, until it is whole. */
const UNFINISHED = '.add-';
/** Trying a network takes a minute at most: an unfinished file this old belongs to nobody. */
const ABANDONED_MS = 10 * 60_000;

/** What is asked of one's own models and cannot be done, in a sentence with the way out. */
export class RefusedChange extends Error {
  override readonly name = 'RefusedChange';
}

/** What a change makes of the entries. */
export interface OwnModelsChange<T> {
  readonly entries: readonly ModelEntry[];
  /** Where the entries could not be written. */
  readonly undo?: (() => Promise<void>) | undefined;
  /** When they are written, still while nobody else changes them. */
  readonly finish: () => T | Promise<T>;
}

/**
 * Changes `custom.json`: one process at a time, and at once, so that whoever reads it, and whoever is killed, finds the old entries or
 * the new ones.
 * @param change is given the entries as they are; it runs once, while nobody else changes them, and what it throws leaves them as they are.
 * @throws RefusedChange also where the manifests would contradict each other by it, or the folder cannot be written; ManifestError where
 * they are unreadable already; the signal's reason.
 */
export async function changeOwnModels<T>(
  modelsFolder: string,
  signal: AbortSignal,
  change: (entries: readonly ModelEntry[]) => OwnModelsChange<T> | Promise<OwnModelsChange<T>>,
): Promise<T> {
  const lock = await writing(modelsFolder, () => holdLock(join(modelsFolder, LOCK_FILE), signal));
  try {
    await removeAbandoned(modelsFolder);
    const before = await loadCustomEntries(modelsFolder);
    const { entries, undo, finish } = await change(before);
    try {
      await refuseContradictions(modelsFolder, before, entries);
      await writing(modelsFolder, () => replaceEntries(modelsFolder, entries, lock));
    } catch (error) {
      await undo?.();
      throw error;
    }
    return await finish();
  } finally {
    await lock.release();
  }
}

/** @returns a path in the models folder for a file that is not whole yet. */
export function unfinishedFile(modelsFolder: string): string {
  return join(modelsFolder, `${UNFINISHED}${randomBytes(4).toString('hex')}`);
}

/** Does what writes in the models folder. @throws RefusedChange for what the file system does not allow, else what the step throws. */
export async function writing<T>(modelsFolder: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    const full = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '');
    const wayOut = full ? 'Make room there' : 'Mend that';
    throw new RefusedChange(
      `The models folder ${modelsFolder} cannot be written: ${reason}. ${wayOut}, or name another folder in MODELS_DIR.`,
      { cause: error },
    );
  }
}

/** Writes a file that will outlast a power cut. @param bytes one after the other. */
export async function writeDurably(path: string, bytes: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (const piece of bytes) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Only new ones: who removes an entry that should not be there needs to be let. */
async function refuseContradictions(
  modelsFolder: string,
  before: readonly ModelEntry[],
  after: readonly ModelEntry[],
): Promise<void> {
  const shipped = await loadShippedEntries(modelsFolder);
  const known = contradictions([...shipped, ...before]);
  const problems = contradictions([...shipped, ...after]).filter((problem) => !known.includes(problem));
  if (problems.length > 0)
    throw new RefusedChange(`The manifests would contradict each other: ${problems.join('; ')}.`);
}

async function replaceEntries(
  modelsFolder: string,
  entries: readonly ModelEntry[],
  lock: Lock,
): Promise<void> {
  const text = `${JSON.stringify({ models: entries }, null, 2)}\n`;
  // What the loader would refuse must not be written.
  parseManifest(text, CUSTOM_MANIFEST_FILE);
  const unfinished = unfinishedFile(modelsFolder);
  try {
    await writeDurably(unfinished, [Buffer.from(text)]);
    if (!(await lock.isHeld()))
      throw new RefusedChange(
        'This process stood still for so long that another one took its turn. Nothing was changed; try again.',
      );
    await rename(unfinished, join(modelsFolder, CUSTOM_MANIFEST_FILE));
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** What a process left that was killed while it wrote. */
async function removeAbandoned(modelsFolder: string): Promise<void> {
  for (const name of await readdir(modelsFolder)) {
    if (!name.startsWith(UNFINISHED)) continue;
    const path = join(modelsFolder, name);
    const touchedMs = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    );
    if (Date.now() - touchedMs > ABANDONED_MS) await rm(path, { force: true });
  }
}

/**
 * Removes the file of an entry that is no more, where Tessera put it there and it is still that file.
 * @returns whether it is gone.
 */
export async function removeCopy(entry: ModelEntry, modelsFolder: string): Promise<boolean> {
  if (entry.copied !== true || (await fileState(entry, modelsFolder, 'sha256')) !== 'intact') return false;
  await rm(join(modelsFolder, entry.file), { force: true });
  return true;
}
