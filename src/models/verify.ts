import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelEntry } from './manifest-entry.js';

export type FileState = 'intact' | 'missing' | 'wrong_size' | 'wrong_bytes';

/**
 * Compares a model's file with the manifest.
 * @param depth `size` reads nothing but the file's length: a file of the right length counts as intact.
 */
export async function fileState(
  entry: Pick<ModelEntry, 'file' | 'bytes' | 'sha256'>,
  modelsFolder: string,
  depth: 'size' | 'sha256',
): Promise<FileState> {
  const path = join(modelsFolder, entry.file);
  const size = await fileSize(path);
  if (size === undefined) return 'missing';
  if (size !== entry.bytes) return 'wrong_size';
  return depth === 'size' || (await sha256Of(path)) === entry.sha256 ? 'intact' : 'wrong_bytes';
}

/** @returns bytes, or undefined when there is no such file. */
export async function fileSize(path: string): Promise<number | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? stats.size : undefined;
  } catch {
    return undefined;
  }
}

/** @returns lower-case hexadecimal. @throws the file system's error. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
