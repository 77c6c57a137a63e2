import type { Bytes } from '../containers/bytes.js';
import { CHUNK_OVERHEAD_BYTES, chunksOf } from '../containers/png-chunks.js';
import type { Resolution, ResultMetadata } from '../metadata/image-metadata.js';
import { METRES_IN_INCH } from '../metadata/resolution.js';
import type { Splice } from './splice.js';

const METRE = 1;
const UNKNOWN_UNIT = 0;
const XMP_KEYWORD = 'XML:com.adobe.xmp';

/** Replaces libvips' resolution, which is 25.4 pixels per inch where there is none, and inserts EXIF and XMP before the pixels. */
export function graftPng(file: Bytes, { resolution, exif, xmp }: ResultMetadata): Splice[] {
  const added = Buffer.concat([
    ...(exif === undefined ? [] : [chunk('eXIf', exif)]),
    // No compression, no language, no translated keyword (PNG specification, third edition, 11.3.3.4).
    ...(xmp === undefined
      ? []
      : [chunk('iTXt', Buffer.concat([Buffer.from(`${XMP_KEYWORD}\0\0\0\0\0`), xmp]))]),
  ]);
  const splices: Splice[] = [];
  for (const { type, at, length } of chunksOf(file)) {
    if (type === 'pHYs')
      splices.push({
        at,
        removed: CHUNK_OVERHEAD_BYTES + length,
        bytes: chunk('pHYs', pixelSize(resolution)),
      });
    if (type !== 'IDAT') continue;
    if (added.length > 0) splices.push({ at, removed: 0, bytes: added });
    break;
  }
  return splices;
}

/** Without a resolution, only the aspect ratio of 1 is stated. */
function pixelSize(resolution: Resolution | undefined): Buffer {
  const data = Buffer.alloc(9);
  data.writeUInt32BE(resolution === undefined ? 1 : Math.round(resolution.x / METRES_IN_INCH), 0);
  data.writeUInt32BE(resolution === undefined ? 1 : Math.round(resolution.y / METRES_IN_INCH), 4);
  data[8] = resolution === undefined ? UNKNOWN_UNIT : METRE;
  return data;
}

function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(CHUNK_OVERHEAD_BYTES + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** The checksum of each single byte (PNG specification, third edition, annex D). */
const CHECKSUMS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
  return sum;
});

/** Node's own function exists only since 20.15. */
function crc32(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (CHECKSUMS[(sum ^ byte) & 255] ?? 0) ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
