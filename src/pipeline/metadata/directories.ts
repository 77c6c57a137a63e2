import { EndOfBytes } from '../scan/bytes.js';

/** Source of TIFF or EXIF bytes: a file, or a buffer. `read` throws EndOfBytes beyond the end. */
export interface TiffSource {
  readonly length: number;
  read(at: number, length: number): Buffer;
}

/** One tag with its values. */
export interface Field {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** The values in little-endian order. For an entry that stays in its file, its last four bytes unchanged. */
  readonly value: Buffer;
}

/** A directory of tags with the directories that it refers to. */
export interface Directory {
  readonly fields: readonly Field[];
  readonly below: ReadonlyMap<number, Directory>;
}

/** Tags that refer to directories, and what to look for there. */
interface Pointers {
  readonly [tag: number]: Pointers;
}

const EXIF_POINTER = 0x8769;
const GPS_POINTER = 0x8825;
const INTEROPERABILITY_POINTER = 0xa005;

/** The directories of EXIF below the first one (Exif 2.32, 4.6.3). */
export const EXIF_POINTERS: Pointers = {
  [EXIF_POINTER]: { [INTEROPERABILITY_POINTER]: {} },
  [GPS_POINTER]: {},
};

/** Bytes of one value, by field type (TIFF 6.0, section 2; 129 from Exif 3.0). What BigTIFF adds has no place in EXIF. */
const TYPE_BYTES: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  129: 1,
};
const RATIONALS: ReadonlySet<number> = new Set([5, 10]);
const LONG = 4;
const UNDEFINED = 7;
const UTF16_NAME = 'UNICODE\0';
const ENTRY_BYTES = 12;

/** Byte order and width of a file of directories, and the offset of the first directory. */
interface TiffLayout {
  readonly littleEndian: boolean;
  /** BigTIFF. */
  readonly big: boolean;
  readonly firstAt: number;
}

export function bufferSource(buffer: Buffer): TiffSource {
  return {
    length: buffer.length,
    read(at, length) {
      if (!(at >= 0 && at + length <= buffer.length)) throw new EndOfBytes();
      return buffer.subarray(at, at + length);
    },
  };
}

/**
 * By the first bytes: `II` or `MM`, then 42, or 43 for BigTIFF; undefined for others.
 * @throws EndOfBytes
 */
export function layoutOf(source: TiffSource): TiffLayout | undefined {
  const order = source.read(0, 2).toString('latin1');
  if (order !== 'II' && order !== 'MM') return undefined;
  const littleEndian = order === 'II';
  const magic = u16(source, 2, littleEndian);
  if (magic !== 42 && magic !== 43) return undefined;
  const big = magic === 43;
  return { littleEndian, big, firstAt: big ? u64(source, 8, littleEndian) : u32(source, 4, littleEndian) };
}

/**
 * Reads a directory and those below it. Entries beyond the end, or of types that EXIF does not have, are left out.
 * @param wanted tags to read, besides `pointers`.
 * @param room bytes left for all values; decreased.
 * @throws EndOfBytes when the directory itself lies beyond the end, or the room is used up.
 */
export function readDirectory(
  source: TiffSource,
  layout: TiffLayout,
  at: number,
  pointers: Pointers,
  wanted: (tag: number) => boolean,
  room: { bytes: number },
): Directory {
  const { littleEndian, big } = layout;
  const count = big ? u64(source, at, littleEndian) : u16(source, at, littleEndian);
  const fields: Field[] = [];
  const below = new Map<number, Directory>();
  for (let index = 0; index < count; index += 1) {
    const entryAt = at + (big ? 8 + index * 20 : 2 + index * ENTRY_BYTES);
    const tag = u16(source, entryAt, littleEndian);
    const next = pointers[tag];
    if (next !== undefined) {
      const offset = pointerAt(source, entryAt, layout);
      const found = readBelow(source, layout, offset, next, room);
      if (found !== undefined) below.set(tag, found);
    } else if (wanted(tag)) {
      const field = readField(source, layout, entryAt, room);
      if (field !== undefined) fields.push(field);
    }
  }
  return { fields, below };
}

/** The directory that an entry refers to, with all its tags; undefined when it is missing. */
function readBelow(
  source: TiffSource,
  layout: TiffLayout,
  at: number,
  pointers: Pointers,
  room: { bytes: number },
): Directory | undefined {
  try {
    return readDirectory(source, layout, at, pointers, () => true, room);
  } catch (thrown) {
    if (!(thrown instanceof EndOfBytes) || room.bytes < 0) throw thrown;
    return undefined;
  }
}

function pointerAt(source: TiffSource, entryAt: number, { littleEndian, big }: TiffLayout): number {
  if (!big) return u32(source, entryAt + 8, littleEndian);
  const wide = u16(source, entryAt + 2, littleEndian) > 15;
  return wide ? u64(source, entryAt + 12, littleEndian) : u32(source, entryAt + 12, littleEndian);
}

function readField(
  source: TiffSource,
  { littleEndian, big }: TiffLayout,
  entryAt: number,
  room: { bytes: number },
): Field | undefined {
  const type = u16(source, entryAt + 2, littleEndian);
  const unit = TYPE_BYTES[type];
  if (unit === undefined) return undefined;
  const count = big ? u64(source, entryAt + 4, littleEndian) : u32(source, entryAt + 4, littleEndian);
  const bytes = count * unit;
  const valueAt = entryAt + (big ? 12 : 8);
  const inline = bytes <= (big ? 8 : 4);
  const at = inline ? valueAt : big ? u64(source, valueAt, littleEndian) : u32(source, valueAt, littleEndian);
  if (at + bytes > source.length) return undefined;
  room.bytes -= bytes;
  if (room.bytes < 0) throw new EndOfBytes();
  const value = Buffer.alloc(bytes);
  source.read(at, bytes).copy(value);
  if (!littleEndian) {
    swap(value, RATIONALS.has(type) ? 4 : unit);
    // Comments in UTF-16 have the byte order of the numbers around them.
    const isWide = type === UNDEFINED && value.toString('latin1', 0, 8) === UTF16_NAME;
    if (isWide) swap(value.subarray(8, value.length - (value.length % 2)), 2);
  }
  return { tag: u16(source, entryAt, littleEndian), type, count, value };
}

/** Swaps the byte order of numbers of so many bytes, in place. */
function swap(value: Buffer<ArrayBuffer>, unit: number): void {
  if (unit === 2) value.swap16();
  else if (unit === 4) value.swap32();
  else if (unit === 8) value.swap64();
}

/**
 * Writes a directory in little-endian order: its entries by tag, their values, then the directories below. No further
 * directory follows it.
 * @param at its offset from the beginning of the file or block; even.
 */
export function serialize(directory: Directory, at: number): Buffer {
  const entries = [
    ...directory.fields.map((field) => ({ tag: field.tag, field, below: undefined })),
    ...[...directory.below].map(([tag, below]) => ({ tag, field: undefined, below })),
  ].sort((a, b) => a.tag - b.tag);
  const head = Buffer.alloc(2 + entries.length * ENTRY_BYTES + 4);
  head.writeUInt16LE(entries.length, 0);
  const parts: Buffer[] = [head];
  let end = at + head.length;
  const append = (bytes: Buffer): number => {
    const start = end;
    parts.push(bytes);
    end += bytes.length;
    if (bytes.length % 2 === 1) {
      parts.push(Buffer.alloc(1));
      end += 1;
    }
    return start;
  };
  for (const [index, { tag, field, below }] of entries.entries()) {
    const entryAt = 2 + index * ENTRY_BYTES;
    head.writeUInt16LE(tag, entryAt);
    head.writeUInt16LE(field?.type ?? LONG, entryAt + 2);
    head.writeUInt32LE(field?.count ?? 1, entryAt + 4);
    if (below !== undefined) head.writeUInt32LE(append(serialize(below, end)), entryAt + 8);
    else if (field.value.length > 4) head.writeUInt32LE(append(field.value), entryAt + 8);
    else field.value.copy(head, entryAt + 8);
  }
  return Buffer.concat(parts);
}

function u16(source: TiffSource, at: number, littleEndian: boolean): number {
  const two = source.read(at, 2);
  return littleEndian ? two.readUInt16LE(0) : two.readUInt16BE(0);
}

function u32(source: TiffSource, at: number, littleEndian: boolean): number {
  const four = source.read(at, 4);
  return littleEndian ? four.readUInt32LE(0) : four.readUInt32BE(0);
}

function u64(source: TiffSource, at: number, littleEndian: boolean): number {
  const eight = source.read(at, 8);
  return Number(littleEndian ? eight.readBigUInt64LE(0) : eight.readBigUInt64BE(0));
}
