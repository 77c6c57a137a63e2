import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { TesseraError } from '../errors.js';

/** File system errors that mean "no room". */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * Streams an upload to a new file (0600), never more than `maxBytes` of it.
 * @param source left destroyed when this rejects.
 * @returns bytes written.
 * @throws TesseraError upload_too_large, disk_full; and whatever `source` fails with.
 */
export async function storeFile(source: Readable, path: string, maxBytes: number): Promise<number> {
  let bytes = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw uploadTooLarge(maxBytes);
      await append(file, chunk);
    }
  } finally {
    await file.close();
  }
  return bytes;
}

async function append(file: FileHandle, chunk: Buffer): Promise<void> {
  try {
    await file.appendFile(chunk);
  } catch (cause) {
    if (!NO_ROOM.has((cause as NodeJS.ErrnoException).code ?? '')) throw TesseraError.from(cause);
    throw new TesseraError('disk_full', 'There is no room on disk for the upload now.', { cause });
  }
}

export function uploadTooLarge(maxBytes: number): TesseraError {
  const accepted = `at most ${Number((maxBytes / 1e6).toFixed(3))} MB`;
  return new TesseraError('upload_too_large', `The file is too large; accepted is ${accepted}.`, {
    details: { accepted },
  });
}
