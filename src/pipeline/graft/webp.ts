import type { Bytes } from '../containers/bytes.js';
import type { ResultMetadata } from '../metadata/image-metadata.js';
import type { Splice } from './splice.js';

const FILE_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
/** Flags of the extended header (RFC 9649, 2.7). */
const EXIF_FLAG = 0x08;
const XMP_FLAG = 0x04;

/** Appends EXIF and XMP after the picture, and announces them in the extended header. WebP holds no resolution. */
export function graftWebp(file: Bytes, { exif, xmp }: ResultMetadata): Splice[] {
  if (exif === undefined && xmp === undefined) return [];
  const added = Buffer.concat([
    ...(exif === undefined ? [] : [chunk('EXIF', exif)]),
    ...(xmp === undefined ? [] : [chunk('XMP ', xmp)]),
  ]);
  const flags = (exif === undefined ? 0 : EXIF_FLAG) | (xmp === undefined ? 0 : XMP_FLAG);
  const header = extendedHeader(file, flags);
  const fileBytes = Buffer.alloc(4);
  fileBytes.writeUInt32LE(
    file.length + header.bytes.length - header.removed + added.length - CHUNK_HEADER_BYTES,
  );
  return [{ at: 4, removed: 4, bytes: fileBytes }, header, { at: file.length, removed: 0, bytes: added }];
}

/** The present extended header with more flags, or a new one before a lossy picture alone, which is opaque. */
function extendedHeader(file: Bytes, flags: number): Splice {
  const type = file.text(FILE_HEADER_BYTES, 4);
  const dataAt = FILE_HEADER_BYTES + CHUNK_HEADER_BYTES;
  if (type === 'VP8X') return { at: dataAt, removed: 1, bytes: Buffer.from([file.u8(dataAt) | flags]) };
  if (type !== 'VP8 ') throw new Error(`The encoder returned WebP that begins with "${type}"`);
  const data = Buffer.alloc(10);
  data[0] = flags;
  data.writeUIntLE((file.u16(dataAt + 6, true) & 0x3fff) - 1, 4, 3);
  data.writeUIntLE((file.u16(dataAt + 8, true) & 0x3fff) - 1, 7, 3);
  return { at: FILE_HEADER_BYTES, removed: 0, bytes: chunk('VP8X', data) };
}

/** Padded to an even length. */
function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(CHUNK_HEADER_BYTES + data.length + (data.length % 2));
  bytes.write(type, 0, 'latin1');
  bytes.writeUInt32LE(data.length, 4);
  data.copy(bytes, CHUNK_HEADER_BYTES);
  return bytes;
}
