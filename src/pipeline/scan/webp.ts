import { checkInputSize, type PipelineLimits } from '../limits.js';
import type { Bytes } from './bytes.js';
import { Budget } from './excess.js';
import { scanExif } from './exif.js';

const FORMAT = 'WebP';
const FILE_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
/** Place, size, duration and flags of a frame of an animation, before its own chunks. */
const FRAME_HEADER_BYTES = 16;

/** The decoder's time grows by the square of the frames: 5,000 take 30 ms, 50,000 some seconds. */
const MAX_FRAMES = 5000;
/** Frames, the one or two chunks within each, and what lies beside them: two million took 75 MB of whoever read the header. */
const MAX_CHUNKS = 20_000;

/**
 * Walks the chunks (RFC 9649, 2.3).
 * @throws TesseraError unsupported_image; image_too_large, before a decoder makes room for a frame.
 */
export function scanWebp(bytes: Bytes, limits: PipelineLimits): void {
  const chunks = new Budget(FORMAT, MAX_CHUNKS, 'chunks');
  const frames = new Budget(FORMAT, MAX_FRAMES, 'frames');
  for (let at = FILE_HEADER_BYTES; at + CHUNK_HEADER_BYTES <= bytes.length; ) {
    chunks.spend(1);
    const length = bytes.u32(at + 4, true);
    const type = bytes.text(at, 4);
    if (type === 'ANMF') {
      frames.spend(1);
      // Its own chunks lie within: on with the first of them, as decoders do.
      at += CHUNK_HEADER_BYTES + FRAME_HEADER_BYTES;
      continue;
    }
    // Behind the flags: width and height less one, in 24 bits each.
    if (type === 'VP8X')
      checkInputSize((bytes.u32(at + 11, true) >>> 8) + 1, (bytes.u32(at + 14, true) >>> 8) + 1, limits);
    if (type === 'EXIF') scanExif(exifBlock(bytes.piece(at + CHUNK_HEADER_BYTES, length)), FORMAT);
    // Chunks are padded to even lengths.
    at += CHUNK_HEADER_BYTES + length + (length % 2);
  }
}

/** Some encoders keep the name that JPEG has before the block. */
function exifBlock(data: Bytes): Bytes {
  return data.length > 6 && data.text(0, 4) === 'Exif' ? data.piece(6, data.length - 6) : data;
}
