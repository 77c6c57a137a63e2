import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { TesseraError } from '../../domain/errors.js';
import { storageError } from '../../jobs/store/storage-error.js';
import type { UploadPlace } from './upload-place.js';

/** The limits of an upload, and where its files go. */
export interface UploadTarget {
  readonly maxFiles: number;
  /** Of each file. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly place: UploadPlace;
  /** The path of the n-th file, from 0; called when the file begins. */
  pathFor(index: number): Promise<string>;
}

export interface UploadedFile {
  readonly path: string;
  readonly bytes: number;
  /** As the client named it; for display only, never a path. */
  readonly fileName?: string;
}

/**
 * Streams an upload to a new file (mode 0600).
 * @param source destroyed when this rejects.
 * @returns the number of bytes.
 * @throws TesseraError upload_too_large, disk_full, storage_unavailable; and the error of `source`.
 */
export async function storeFile(source: Readable, path: string, maxBytes: number): Promise<number> {
  let bytes = 0;
  const file = await ours(open(path, 'wx', 0o600));
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw uploadTooLarge(maxBytes);
      await ours(file.appendFile(chunk));
    }
  } finally {
    await file.close();
  }
  return bytes;
}

/** Translates the system errors of our own file, which are no fault of the client. */
async function ours<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (thrown) {
    throw storageError(thrown) ?? thrown;
  }
}

export function uploadTooLarge(maxBytes: number): TesseraError {
  const accepted = `at most ${Number((maxBytes / 1e6).toFixed(3))} MB`;
  return new TesseraError('upload_too_large', `The file is too large; accepted is ${accepted}.`, {
    details: { accepted },
  });
}

export function uploadAborted(): TesseraError {
  return new TesseraError('upload_aborted', 'The connection ended before the body did.');
}
