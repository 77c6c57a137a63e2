import { randomBytes } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cutToBytes, downloadName, EXTENSIONS, MAX_NAME_BYTES } from '../../domain/download-name.js';
import type { OutputFormat } from '../../domain/types.js';
import { makeFolder } from '../../host/make-folder.js';
import type { Target } from '../picture.js';
import type { Finished } from '../upscaler.js';

/**
 * Writes results to their targets. A file is written under a temporary name in the target's folder and renamed when it is
 * complete, so that a reader sees the old file or the new one, never a part of one.
 */
export class Delivery {
  readonly #unfinished = new Set<string>();

  constructor(private readonly stdout: Writable) {}

  /**
   * @returns the path of the result; undefined for standard output.
   * @throws the system's error; then nothing is left behind.
   */
  async deliver(finished: Finished, target: Target, signal: AbortSignal): Promise<string | undefined> {
    const content = await finished.open();
    if (target.kind === 'stdout') {
      await pipeline(content, this.stdout, { signal, end: false });
      return undefined;
    }
    const { scale, format } = finished.facts;
    const path =
      target.kind === 'file' ? target.path : join(target.folder, downloadName(target.stem, scale, format));
    await makeFolder(dirname(path));
    const part = join(dirname(path), partName(basename(path)));
    this.#unfinished.add(part);
    try {
      await pipeline(content, createWriteStream(part, { flags: 'wx' }), { signal });
      signal.throwIfAborted();
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    } finally {
      this.#unfinished.delete(part);
    }
    return path;
  }

  /** Removes temporary files, synchronously: for an exit that cannot wait. */
  removeUnfinished(): void {
    for (const part of this.#unfinished) rmSync(part, { force: true });
  }
}

/** A hidden temporary name with as much of the result's name as the file system takes. */
function partName(name: string): string {
  const ending = `.${randomBytes(6).toString('hex')}.part`;
  return `.${cutToBytes(name, MAX_NAME_BYTES - 1 - ending.length)}${ending}`;
}

/** The requested scale and format; undefined and `auto` match any. */
interface Wish {
  readonly scale: number | undefined;
  readonly format: OutputFormat | 'auto';
}

/** Finds the result of an earlier run with the requested scale and format, for `--skip-existing`. @returns its path. */
export async function existingResult(target: Target, wish: Wish): Promise<string | undefined> {
  if (target.kind === 'stdout') return undefined;
  const folder = target.kind === 'file' ? dirname(target.path) : target.folder;
  const names = await readdir(folder).catch((): string[] => []);
  if (target.kind === 'file') return names.includes(basename(target.path)) ? target.path : undefined;
  const found = names.find((name) => isResultOf(target.stem, name, wish));
  return found === undefined ? undefined : join(folder, found);
}

/** Whether a file is named as the result of a picture: `stem_x4.jpg`. */
function isResultOf(stem: string, name: string, wish: Wish): boolean {
  if (!name.startsWith(`${stem}_x`)) return false;
  const formats = wish.format === 'auto' ? Object.values(EXTENSIONS) : [EXTENSIONS[wish.format]];
  const [, scale, ending = ''] = /^(\d+(?:\.\d+)?)\.(\w+)$/.exec(name.slice(stem.length + 2)) ?? [];
  const scaleFits = wish.scale === undefined || Number(scale) === Number(wish.scale.toFixed(2));
  return scale !== undefined && scaleFits && formats.includes(ending);
}
