import { Budget } from '../containers/budget.js';
import type { Bytes } from '../containers/bytes.js';
import type { FileFacts } from '../image-facts.js';
import { checkInputSize, type PipelineLimits } from '../limits.js';
import { scanExif } from './tiff/exif.js';

const FORMAT = 'WebP';
const FILE_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
/** Position, size, duration and flags of a frame of an animation, before its own chunks. */
const FRAME_HEADER_BYTES = 16;

/** Frames. The decoder's time grows with their square: 5,000 take 30 ms, 50,000 some seconds. */
const MAX_FRAMES = 5000;
/** Chunks: frames, the one or two chunks within each, and others. Two million took 75 MB of the process that read the header. */
const MAX_CHUNKS = 20_000;

/**
 * Walks the chunks (RFC 9649, 2.3).
 * @throws TesseraError unsupported_image; image_too_large before a decoder allocates a frame.
 */
export function scanWebp(bytes: Bytes, limits: PipelineLimits): FileFacts {
  const chunks = new Budget(FORMAT, MAX_CHUNKS, 'chunks');
  const frames = new Budget(FORMAT, MAX_FRAMES, 'frames');
  for (let at = FILE_HEADER_BYTES; at + CHUNK_HEADER_BYTES <= bytes.length; ) {
    chunks.spend(1);
    const length = bytes.u32(at + 4, true);
    const type = bytes.text(at, 4);
    if (type === 'ANMF') {
      frames.spend(1);
      // Its own chunks lie within: the walk continues with the first of them, as decoders do.
      at += CHUNK_HEADER_BYTES + FRAME_HEADER_BYTES;
      continue;
    }
    const size = sizeIn(type, bytes.piece(at + CHUNK_HEADER_BYTES, length));
    if (size !== undefined) checkInputSize(size.width, size.height, limits);
    if (type === 'EXIF') scanExif(exifBlock(bytes.piece(at + CHUNK_HEADER_BYTES, length)), FORMAT);
    // Chunks are padded to even lengths.
    at += CHUNK_HEADER_BYTES + length + (length % 2);
  }
  return {};
}

/** The size that a chunk declares: of the canvas (VP8X), of a lossless picture (VP8L) or of a lossy one (VP8). */
function sizeIn(type: string, data: Bytes): { readonly width: number; readonly height: number } | undefined {
  // A chunk that is too short is damaged; it must not end the walk.
  if (data.length < 10) return undefined;
  if (type === 'VP8X') return { width: (data.u32(3, true) >>> 8) + 1, height: (data.u32(6, true) >>> 8) + 1 };
  if (type === 'VP8 ') return { width: data.u16(6, true) & 0x3fff, height: data.u16(8, true) & 0x3fff };
  if (type !== 'VP8L') return undefined;
  // After the signature: 14 bits of each side, less one.
  const sides = data.u32(1, true);
  return { width: (sides & 0x3fff) + 1, height: ((sides >>> 14) & 0x3fff) + 1 };
}

/** Some encoders keep the name that precedes the block in JPEG. */
function exifBlock(data: Bytes): Bytes {
  return data.length > 6 && data.startsWith('Exif') ? data.piece(6, data.length - 6) : data;
}
