import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { Bytes, EndOfBytes } from '../scan/bytes.js';
import { framesOf } from './frames.js';

/** Where the major brand of an ISO base media file is (ISO/IEC 14496-12, 4.3). */
const BRAND_AT = 8;

/**
 * What to give sharp of an AVIF: its path, or, where it says it is a sequence first (`avis`), its bytes with the brand of a still
 * picture. libvips refuses the one by its brand, and reads the picture in it by the other: the primary item, the sequence's first frame.
 */
export function stillPicture(path: string): string | Buffer {
  const head = Buffer.alloc(BRAND_AT + 4);
  const file = openSync(path, 'r');
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  if (head.toString('latin1', BRAND_AT) !== 'avis') return path;
  const bytes = readFileSync(path);
  bytes.write('avif', BRAND_AT, 'latin1');
  return bytes;
}

/** Pictures or frames in an AVIF. @param pictures as libvips counts them, which knows no frames. */
export function pagesOfAvif(path: string, pictures: number): number {
  try {
    return Math.max(pictures, Bytes.ofFile(path, framesOf));
  } catch (thrown) {
    if (thrown instanceof EndOfBytes) return pictures;
    throw thrown;
  }
}
