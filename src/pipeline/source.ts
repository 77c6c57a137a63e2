import { open } from 'node:fs/promises';
import type { InputFormat } from '../types.js';
import { stillPicture } from './heif/sequence.js';
import type { FileFacts } from './scan/facts.js';

/** Ends a GIF (GIF89a, 27). */
const GIF_TRAILER = 0x3b;

/** What sharp is to read: the file; of a GIF the bytes up to the end of its first frame, as what follows may be damaged; of an AVIF its still picture. */
export async function sharpSource(
  path: string,
  format: InputFormat,
  { firstFrameEnd }: FileFacts,
): Promise<string | Buffer> {
  if (format === 'avif') return stillPicture(path);
  if (firstFrameEnd === undefined) return path;
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(firstFrameEnd + 1, GIF_TRAILER);
    await file.read(bytes, 0, firstFrameEnd, 0);
    return bytes;
  } finally {
    await file.close();
  }
}
