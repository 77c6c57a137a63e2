import { open } from 'node:fs/promises';
import type { FileFacts } from './scan/facts.js';

/** Ends a GIF (GIF89a, 27). */
const GIF_TRAILER = 0x3b;

/** What sharp is to read: the file, or of an animated GIF the bytes up to the end of its first frame, as later ones may be damaged. */
export async function sharpSource(
  path: string,
  { firstFrameEnd, pages }: FileFacts,
): Promise<string | Buffer> {
  if (firstFrameEnd === undefined || pages === 1) return path;
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(firstFrameEnd + 1, GIF_TRAILER);
    await file.read(bytes, 0, firstFrameEnd, 0);
    return bytes;
  } finally {
    await file.close();
  }
}
