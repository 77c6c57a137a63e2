import { inflateSync } from 'node:zlib';
import { Budget } from '../containers/budget.js';
import type { Bytes } from '../containers/bytes.js';
import { chunksOf } from '../containers/png-chunks.js';
import type { FileFacts } from '../image-facts.js';
import { excess, unsupported } from '../refusals.js';
import { PngColour } from './png-colour.js';
import { scanExif } from './tiff/exif.js';

const FORMAT = 'PNG';

/** Chunks besides image data; usual pictures have fewer than 40. */
const MAX_ANCILLARY_CHUNKS = 2000;
/**
 * Inflated bytes of texts, profiles and EXIF. They take four times as much memory while a header is read, and ten
 * times while a picture is decoded.
 */
const MAX_ANCILLARY_BYTES = 16_000_000;

/** Chunks of image data, also of an animation's frames. Encoders choose their size, usually 8 kB and more. */
const PIXEL_CHUNKS: ReadonlySet<string> = new Set(['IDAT', 'fdAT', 'fcTL']);
const SHORT_CHUNK_BYTES = 64;
/** Each frame takes a microsecond, here and again in the decoder, and has one or two chunks. */
const MAX_SHORT_CHUNKS = 250_000;

/**
 * Walks the chunks.
 * @throws TesseraError unsupported_image, also for HDR and for Apple's own kind.
 */
export function scanPng(bytes: Bytes): FileFacts {
  const chunks = new Budget(FORMAT, MAX_ANCILLARY_CHUNKS, 'chunks beside its pixels');
  const ancillary = new Budget(FORMAT, MAX_ANCILLARY_BYTES, 'bytes of texts, profiles and the like');
  const shortChunks = new Budget(FORMAT, MAX_SHORT_CHUNKS, 'short chunks of pixels');
  const colour = new PngColour();
  let frames: number | undefined;
  let pixelsSeen = false;
  for (const { type, length, data } of chunksOf(bytes)) {
    if (type === 'CgBI')
      throw unsupported(
        "PNG images in Apple's form for applications (CgBI)",
        '"pngcrush -revert-iphone-optimizations" makes an ordinary PNG of one.',
      );
    if (type === 'acTL' && length >= 8) frames ??= 1 + data.u32(0);
    // An animation whose first frame is the picture itself counts it once.
    if (type === 'fcTL' && !pixelsSeen && frames !== undefined) frames -= 1;
    pixelsSeen ||= type === 'IDAT';
    if (PIXEL_CHUNKS.has(type)) {
      if (length < SHORT_CHUNK_BYTES) shortChunks.spend(1);
    } else {
      chunks.spend(1);
      ancillary.spend(length);
      ancillary.spend(inflatedBytes(type, data, ancillary.left));
      if (type === 'eXIf') scanExif(data, FORMAT);
      if (!pixelsSeen) colour.note(type, data);
    }
  }
  const rgbSpace = colour.space();
  return {
    ...(frames === undefined ? {} : { pages: Math.max(1, frames) }),
    ...(rgbSpace === undefined ? {} : { rgbSpace }),
  };
}

/**
 * Inflated size of a compressed text or profile; 0 for other chunks.
 * @throws TesseraError unsupported_image beyond `most`.
 */
function inflatedBytes(type: string, data: Bytes, most: number): number {
  const at = compressedAt(type, data);
  if (at === undefined) return 0;
  try {
    return inflateSync(data.read(at, data.length - at), { maxOutputLength: Math.max(1, most) }).length;
  } catch (thrown) {
    if (thrown instanceof RangeError)
      throw excess(FORMAT, `more than ${MAX_ANCILLARY_BYTES} bytes of texts, profiles and the like`);
    // Decoders ignore data that do not inflate.
    return 0;
  }
}

/** Offset of a chunk's compressed data (PNG specification, third edition, 11.3.3); undefined when it has none. */
function compressedAt(type: string, data: Bytes): number | undefined {
  if (type !== 'zTXt' && type !== 'iCCP' && type !== 'iTXt') return undefined;
  const content = data.read(0, data.length);
  const afterKeyword = content.indexOf(0) + 1;
  if (afterKeyword === 0) return undefined;
  if (type !== 'iTXt') return afterKeyword + 1 <= data.length ? afterKeyword + 1 : undefined;
  if (content[afterKeyword] !== 1) return undefined;
  const afterLanguage = content.indexOf(0, afterKeyword + 2) + 1;
  const afterTranslation = afterLanguage === 0 ? 0 : content.indexOf(0, afterLanguage) + 1;
  return afterTranslation === 0 ? undefined : afterTranslation;
}
