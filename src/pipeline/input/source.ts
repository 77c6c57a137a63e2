import { open, readFile } from 'node:fs/promises';
import type { FileFacts } from '../image-facts.js';

/** Ends a GIF (GIF89a, 27). */
const GIF_TRAILER = 0x3b;

/** Offset of the major brand of an ISO base media file (ISO/IEC 14496-12, 4.3). */
const BRAND_AT = 8;

/**
 * The input for sharp: the file; for a GIF the bytes up to the end of its first frame, because the rest may be
 * damaged; for an AVIF sequence its bytes under the brand of a still picture, by which libvips reads the picture in
 * it.
 */
export async function sharpSource(
  path: string,
  { firstFrameEnd, sequence }: FileFacts,
): Promise<string | Buffer> {
  if (sequence === true) {
    const bytes = await readFile(path);
    bytes.write('avif', BRAND_AT, 'latin1');
    return bytes;
  }
  return firstFrameEnd === undefined ? path : firstFrame(path, firstFrameEnd);
}

async function firstFrame(path: string, end: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(end + 1, GIF_TRAILER);
    await file.read(bytes, 0, end, 0);
    return bytes;
  } finally {
    await file.close();
  }
}
