import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelEntry } from '../manifest-entry.js';
import { fileSize, fileState, sha256Of } from '../verify.js';
import { DownloadError, Interruption, interruption } from './download-error.js';
import { fetchFrom, type RestOfFile } from './fetch-from.js';
import { holdLock } from './file-lock.js';

export interface DownloadOptions {
  readonly modelsFolder: string;
  /** Base URL of a folder with the files of the manifest; empty: each entry's own URL. */
  readonly mirror: string;
  readonly signal: AbortSignal;
  /** Called for every chunk with the bytes on disk. */
  onProgress?(receivedBytes: number, totalBytes: number): void;
  /** A connection that delivers nothing for this long is broken. */
  readonly stallMs?: number;
  /** Delays before the attempts after the first. An attempt that received bytes starts the count again. */
  readonly retryDelaysMs?: readonly number[];
}

/** The download of one model into its part file. */
interface Transfer extends DownloadOptions {
  readonly entry: ModelEntry;
  readonly url: string;
  readonly part: string;
}

const STALL_MS = 30_000;
const RETRY_DELAYS_MS = [1000, 4000, 15_000];

/**
 * Makes sure that a model's file is in the folder, with the size and sha256 of the manifest. The download goes to a hidden file, which a later
 * call resumes, and which gets the model's name when it is complete and correct. Waits for another process that downloads the same model.
 * @returns `present` when the file was there already, or another process downloaded it.
 * @throws DownloadError
 */
export async function downloadModel(
  entry: ModelEntry,
  options: DownloadOptions,
): Promise<'downloaded' | 'present'> {
  try {
    return await download(entry, options);
  } catch (error) {
    throw DownloadError.from(error, entry, options.signal);
  }
}

async function download(entry: ModelEntry, options: DownloadOptions): Promise<'downloaded' | 'present'> {
  const target = join(options.modelsFolder, entry.file);
  if ((await fileState(entry, options.modelsFolder, 'sha256')) === 'intact') return 'present';
  const url = sourceUrl(entry, options.mirror);
  const lock = await holdLock(join(options.modelsFolder, `.download-${entry.file}.lock`), options.signal);
  try {
    if ((await fileState(entry, options.modelsFolder, 'sha256')) === 'intact') return 'present';
    const part = join(options.modelsFolder, `.download-${entry.file}-${entry.sha256.slice(0, 8)}.part`);
    await fetchWhole({ ...options, entry, url, part });
    await rename(part, target);
    return 'downloaded';
  } finally {
    await lock.release();
  }
}

/** @throws DownloadError no_source */
function sourceUrl(entry: ModelEntry, mirror: string): string {
  if (entry.url === undefined)
    throw new DownloadError('no_source', `${entry.name} has no address to download it from.`);
  return mirror === '' ? entry.url : `${mirror.replace(/\/+$/, '')}/${encodeURIComponent(entry.file)}`;
}

/** Downloads into the part file until it is the model, in as many attempts as the options allow. */
async function fetchWhole(transfer: Transfer): Promise<void> {
  const { entry, part, signal, retryDelaysMs = RETRY_DELAYS_MS } = transfer;
  let breaks = 0;
  let resumed = false;
  for (;;) {
    const before = await usableSize(part, entry.bytes);
    resumed ||= before > 0;
    const broken = await fetchRest(transfer, before);
    if (broken === undefined) {
      if ((await sha256Of(part)) === entry.sha256) return;
      await rm(part, { force: true });
      // An earlier part may have been of another version of the file: try once from the start.
      if (!resumed)
        throw new DownloadError(
          'wrong_bytes',
          `What came for ${entry.name} has another sha256 than the manifest.`,
        );
      resumed = false;
      continue;
    }
    const after = await usableSize(part, entry.bytes);
    breaks = after > before ? 1 : breaks + 1;
    const delayMs = retryDelaysMs[breaks - 1];
    if (delayMs === undefined) {
      if (after === 0) await rm(part, { force: true });
      throw broken;
    }
    await sleep(delayMs, undefined, { signal });
  }
}

/**
 * One attempt to download the bytes from `offset` to the end.
 * @returns an Interruption when another attempt may succeed; undefined when the file is complete.
 * @throws when another attempt would fail too; unless it was aborted, the part file is then removed.
 */
async function fetchRest(transfer: Transfer, offset: number): Promise<Interruption | undefined> {
  const { entry, url, part, signal, stallMs = STALL_MS } = transfer;
  if (offset === entry.bytes) return undefined;
  try {
    const source = await fetchFrom(url, offset, entry, { stallMs, signal });
    await store(source, transfer).finally(() => source.close());
    return undefined;
  } catch (error) {
    const broken = interruption(error, signal);
    if (broken !== undefined) return broken;
    if (!signal.aborted) await rm(part, { force: true });
    throw error;
  }
}

async function store(source: RestOfFile, { entry, part, onProgress }: Transfer): Promise<void> {
  // A server without ranges sends the whole file.
  const file = await open(part, source.start === 0 ? 'w' : 'r+');
  try {
    let position = source.start;
    for await (const piece of source.body) {
      if (position + piece.length > entry.bytes)
        throw new DownloadError(
          'wrong_bytes',
          `More came for ${entry.name} than the ${entry.bytes} bytes of the manifest.`,
        );
      await file.write(piece, 0, piece.length, position);
      position += piece.length;
      onProgress?.(position, entry.bytes);
    }
    if (position < entry.bytes)
      throw new Interruption(`the connection ended after ${position} of ${entry.bytes} bytes`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @returns the offset at which to resume. */
async function usableSize(part: string, totalBytes: number): Promise<number> {
  const size = await fileSize(part);
  return size === undefined || size > totalBytes ? 0 : size;
}
