import { type Bytes, EndOfBytes } from '../containers/bytes.js';
import { segmentsOf } from '../containers/jpeg-segments.js';
import { splitXmp } from './extended-xmp.js';
import type { Resolution, ResultMetadata } from './image-metadata.js';
import { CENTIMETRES_IN_INCH, resolutionOf } from './resolution.js';

const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;

const JFIF_NAME = 'JFIF\0';
const EXIF_NAME = 'Exif\0\0';
const XMP_NAME = 'http://ns.adobe.com/xap/1.0/\0';
const EXTENDED_XMP_NAME = 'http://ns.adobe.com/xmp/extension/\0';
const ICC_NAME = 'ICC_PROFILE\0';
const DIGEST_LETTERS = 32;

/** Bytes of one segment's content. */
const MAX_SEGMENT_BYTES = 65_533;
/** Limit of EXIF in a JPEG, which has one segment for it. */
export const MAX_JPEG_EXIF_BYTES = MAX_SEGMENT_BYTES - EXIF_NAME.length;
/** Limit of XMP in its first segment (XMP Specification, part 3, 1.1.3). */
const MAX_XMP_BYTES = 65_502;
const PROFILE_PIECE_BYTES = MAX_SEGMENT_BYTES - ICC_NAME.length - 2;
const EXTENDED_PIECE_BYTES = MAX_SEGMENT_BYTES - EXTENDED_XMP_NAME.length - DIGEST_LETTERS - 8;

/**
 * Resolution in the JFIF header, if it names a unit.
 * @throws EndOfBytes
 */
export function jpegResolution(bytes: Bytes): Resolution | undefined {
  for (const { marker, content } of segmentsOf(bytes)) {
    if (marker !== APP0 || !content.startsWith(JFIF_NAME)) continue;
    const unit = content.u8(7);
    const toInch = unit === 1 ? 1 : unit === 2 ? CENTIMETRES_IN_INCH : 0;
    return resolutionOf(content.u16(8) * toInch, content.u16(10) * toInch);
  }
  return undefined;
}

/** The complete further parts of XMP, by digest; undefined when there are none. */
export function readExtendedXmp(bytes: Bytes): ReadonlyMap<string, Buffer> | undefined {
  const parts = new Map<string, { text: Buffer; filled: number }>();
  try {
    for (const { marker, content } of segmentsOf(bytes)) {
      if (marker !== APP1 || !content.startsWith(EXTENDED_XMP_NAME)) continue;
      const at = EXTENDED_XMP_NAME.length + DIGEST_LETTERS;
      const digest = content.text(EXTENDED_XMP_NAME.length, DIGEST_LETTERS);
      const length = content.u32(at);
      // It claims more than the file has.
      if (length > bytes.length) continue;
      const part = parts.get(digest) ?? { text: Buffer.alloc(length), filled: 0 };
      parts.set(digest, part);
      const piece = content.read(at + 8, content.length - at - 8);
      part.filled += piece.copy(part.text, Math.min(content.u32(at + 4), part.text.length));
    }
  } catch (thrown) {
    if (!(thrown instanceof EndOfBytes)) throw thrown;
  }
  const complete = [...parts].filter(([, { text, filled }]) => filled === text.length);
  return complete.length === 0 ? undefined : new Map(complete.map(([digest, { text }]) => [digest, text]));
}

/**
 * The segments before the tables of a JPEG: resolution, EXIF, and XMP in as many segments as it takes.
 * @param metadata with EXIF of at most `MAX_JPEG_EXIF_BYTES`, and XMP that `fitsJpeg`.
 */
export function metadataSegments({ resolution, exif, xmp }: ResultMetadata): Buffer {
  return Buffer.concat([
    ...(resolution === undefined ? [] : [jfif(resolution)]),
    ...(exif === undefined ? [] : [segment(APP1, EXIF_NAME, exif)]),
    ...(xmp === undefined ? [] : xmpSegments(xmp)),
  ]);
}

/**
 * A profile in as many segments as it takes (ICC.1:2022, B.4).
 * @param icc of at most 255 pieces, 16.6 MB.
 */
export function profileSegments(icc: Buffer): Buffer {
  const pieces = Math.ceil(icc.length / PROFILE_PIECE_BYTES);
  return Buffer.concat(
    Array.from({ length: pieces }, (_, index) => {
      const piece = icc.subarray(index * PROFILE_PIECE_BYTES, (index + 1) * PROFILE_PIECE_BYTES);
      return segment(APP2, ICC_NAME, Buffer.from([index + 1, pieces]), piece);
    }),
  );
}

/** Whether XMP can be written into a JPEG, in one part or two. */
export function fitsJpeg(xmp: Buffer): boolean {
  return xmp.length <= MAX_XMP_BYTES || splitXmp(xmp.toString(), MAX_XMP_BYTES) !== undefined;
}

function xmpSegments(xmp: Buffer): Buffer[] {
  if (xmp.length <= MAX_XMP_BYTES) return [segment(APP1, XMP_NAME, xmp)];
  const split = splitXmp(xmp.toString(), MAX_XMP_BYTES);
  if (split === undefined) throw new Error('XMP that does not fit was not left out');
  const { first, second, digest } = split;
  const further: Buffer[] = [];
  for (let at = 0; at < second.length; at += EXTENDED_PIECE_BYTES) {
    const place = Buffer.alloc(8);
    place.writeUInt32BE(second.length, 0);
    place.writeUInt32BE(at, 4);
    const piece = second.subarray(at, at + EXTENDED_PIECE_BYTES);
    further.push(segment(APP1, EXTENDED_XMP_NAME, Buffer.from(digest, 'latin1'), place, piece));
  }
  return [segment(APP1, XMP_NAME, Buffer.from(first)), ...further];
}

/** JFIF version 1.02 without a thumbnail; the resolution is rounded to whole pixels per inch. */
function jfif({ x, y }: Resolution): Buffer {
  const fields = Buffer.from([1, 2, 1, 0, 0, 0, 0, 0, 0]);
  fields.writeUInt16BE(Math.round(x), 3);
  fields.writeUInt16BE(Math.round(y), 5);
  return segment(APP0, JFIF_NAME, fields);
}

function segment(marker: number, name: string, ...contents: readonly Buffer[]): Buffer {
  const named = [Buffer.from(name, 'latin1'), ...contents];
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(2 + named.reduce((sum, { length }) => sum + length, 0), 2);
  return Buffer.concat([head, ...named]);
}
