import { randomBytes } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cutToBytes, downloadName, EXTENSIONS, MAX_NAME_BYTES } from '../../domain/download-name.js';
import type { OutputFormat } from '../../domain/types.js';
import { makeFolder } from '../../host/make-folder.js';
import type { Target } from '../picture.js';
import type { Finished } from '../upscaler.js';

/**
 * Puts results in their places. A file is written under a name of its own beside its place and renamed when it is complete:
 * whoever looks sees the old file or the new one, never half of one.
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

  /** For an exit that cannot wait. */
  removeUnfinished(): void {
    for (const part of this.#unfinished) rmSync(part, { force: true });
  }
}

/** A name beside a result's own, which says whose it is as far as a file system lets it. */
function partName(name: string): string {
  const ending = `.${randomBytes(6).toString('hex')}.part`;
  return `.${cutToBytes(name, MAX_NAME_BYTES - 1 - ending.length)}${ending}`;
}

/** What is asked for; undefined and `auto`: left open. */
interface Wish {
  readonly scale: number | undefined;
  readonly format: OutputFormat | 'auto';
}

/**
 * The result of an earlier run, for `--skip-existing`. For a target in a folder: the picture's name with the scale and format
 * that are asked for; where one of them is left open, any will do.
 */
export async function existingResult(target: Target, wish: Wish): Promise<string | undefined> {
  if (target.kind === 'stdout') return undefined;
  const folder = target.kind === 'file' ? dirname(target.path) : target.folder;
  const names = await readdir(folder).catch((): string[] => []);
  if (target.kind === 'file') return names.includes(basename(target.path)) ? target.path : undefined;
  const own = names.find((name) => isResultOf(target.stem, name, wish));
  if (own !== undefined) return join(folder, own);
  const { plainResult } = target;
  if (plainResult === undefined) return undefined;
  for (const name of names.filter((each) => isResultOf(plainResult.stem, each, wish))) {
    const path = join(folder, name);
    const writtenMs = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (writtenMs !== undefined && writtenMs >= plainResult.fromMs && writtenMs < plainResult.toMs)
      return path;
  }
  return undefined;
}

/** Whether a file is named as the result of a picture: `stem_x4.jpg`. */
function isResultOf(stem: string, name: string, wish: Wish): boolean {
  if (!name.startsWith(`${stem}_x`)) return false;
  const formats = wish.format === 'auto' ? Object.values(EXTENSIONS) : [EXTENSIONS[wish.format]];
  const [, scale, ending = ''] = /^(\d+(?:\.\d+)?)\.(\w+)$/.exec(name.slice(stem.length + 2)) ?? [];
  const scaleFits = wish.scale === undefined || Number(scale) === Number(wish.scale.toFixed(2));
  return scale !== undefined && scaleFits && formats.includes(ending);
}
