import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { TesseraError } from '../../domain/errors.js';
import { storageError } from '../../jobs/store/storage-error.js';

/**
 * Streams an upload to a new file (0600) of at most `maxBytes`.
 * @param source is destroyed when this rejects.
 * @returns bytes written.
 * @throws TesseraError upload_too_large, disk_full, storage_unavailable; and the errors of `source`.
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

/** An error of our file is not the upload's fault. */
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
