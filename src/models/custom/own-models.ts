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
/** Unfinished files in the models folder have names with this prefix, which no model's file has. */
const UNFINISHED = '.add-';
/** Examining a network takes a minute at most, so an unfinished file this old is abandoned. */
const ABANDONED_MS = 10 * 60_000;

/** A change of the user's own models was refused; the message says why and what to do. */
export class RefusedChange extends Error {
  override readonly name = 'RefusedChange';
}

/** A change of `custom.json`. */
export interface OwnModelsChange<T> {
  readonly entries: readonly ModelEntry[];
  /** Called when the entries could not be written. */
  readonly undo?: (() => Promise<void>) | undefined;
  /** Called after the entries were written, while the lock is still held. */
  readonly finish: () => T | Promise<T>;
}

/**
 * Changes `custom.json`, one process at a time, and atomically: a reader finds the old entries or the new ones, even when the writer is killed.
 * @param change runs once, with the present entries, while the lock is held. When it throws, nothing changes.
 * @throws RefusedChange when the manifests would contradict each other, or the folder cannot be written; ManifestError when a manifest is
 * unreadable; the signal's reason.
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

/** @returns a new path in the models folder for an unfinished file. */
export function unfinishedFile(modelsFolder: string): string {
  return join(modelsFolder, `${UNFINISHED}${randomBytes(4).toString('hex')}`);
}

/** Runs a step that writes into the models folder. @throws RefusedChange for errors of the file system, else the step's error. */
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

/** Writes a new file and syncs it. @param bytes the file's content, in pieces. */
export async function writeDurably(path: string, bytes: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (const piece of bytes) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Refuses only new contradictions, so that a wrong entry can be removed. */
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
  // Never write a manifest that could not be loaded.
  parseManifest(text, CUSTOM_MANIFEST_FILE);
  const unfinished = unfinishedFile(modelsFolder);
  try {
    await writeDurably(unfinished, [Buffer.from(text)]);
    if (!(await lock.isHeld()))
      throw new RefusedChange(
        'This process was suspended for so long that another process took over its lock. Nothing was changed; try again.',
      );
    await rename(unfinished, join(modelsFolder, CUSTOM_MANIFEST_FILE));
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Removes unfinished files of processes that were killed. */
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
 * Removes the file of an entry that was removed or replaced, if Tessera copied it there and it was not changed since.
 * @returns whether the file was removed.
 */
export async function removeCopy(entry: ModelEntry, modelsFolder: string): Promise<boolean> {
  if (entry.copied !== true || (await fileState(entry, modelsFolder, 'sha256')) !== 'intact') return false;
  await rm(join(modelsFolder, entry.file), { force: true });
  return true;
}
