import { type Bytes, EndOfBytes } from '../containers/bytes.js';
import {
  type Entry,
  entriesOf,
  LONG,
  offsetAt,
  type TiffLayout,
  typeBytes,
} from '../containers/tiff-directory.js';

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

/** Field types of EXIF (TIFF 6.0, section 2; 129 from Exif 3.0). What BigTIFF adds has no place in EXIF. */
const EXIF_TYPES: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 129]);
const RATIONALS: ReadonlySet<number> = new Set([5, 10]);
const UNDEFINED = 7;
const UTF16_NAME = 'UNICODE\0';
const ENTRY_BYTES = 12;

/**
 * Reads a directory and those below it. Entries beyond the end, or of types that EXIF does not have, are left out.
 * @param wanted tags to read, besides `pointers`.
 * @param room bytes left for all values; decreased.
 * @throws EndOfBytes when the directory itself lies beyond the end, or the room is used up.
 */
export function readDirectory(
  source: Bytes,
  layout: TiffLayout,
  at: number,
  pointers: Pointers,
  wanted: (tag: number) => boolean,
  room: { bytes: number },
): Directory {
  const fields: Field[] = [];
  const below = new Map<number, Directory>();
  for (const entry of entriesOf(source, at, layout)) {
    const next = pointers[entry.tag];
    if (next !== undefined) {
      const found = readBelow(source, layout, entry, next, room);
      if (found !== undefined) below.set(entry.tag, found);
    } else if (wanted(entry.tag)) {
      const field = readField(source, layout.littleEndian, entry, room);
      if (field !== undefined) fields.push(field);
    }
  }
  return { fields, below };
}

/** The directory that an entry refers to, with all its tags; undefined when it is missing. */
function readBelow(
  source: Bytes,
  layout: TiffLayout,
  { type, valueAt }: Entry,
  pointers: Pointers,
  room: { bytes: number },
): Directory | undefined {
  try {
    const at = offsetAt(source, valueAt, { ...layout, big: typeBytes(type) === 8 });
    return readDirectory(source, layout, at, pointers, () => true, room);
  } catch (thrown) {
    if (!(thrown instanceof EndOfBytes) || room.bytes < 0) throw thrown;
    return undefined;
  }
}

function readField(
  source: Bytes,
  littleEndian: boolean,
  { tag, type, count, valueAt, bytes }: Entry,
  room: { bytes: number },
): Field | undefined {
  if (!EXIF_TYPES.has(type) || valueAt + bytes > source.length) return undefined;
  room.bytes -= bytes;
  if (room.bytes < 0) throw new EndOfBytes();
  const value = Buffer.alloc(bytes);
  source.read(valueAt, bytes).copy(value);
  if (!littleEndian) {
    swap(value, RATIONALS.has(type) ? 4 : typeBytes(type));
    // Comments in UTF-16 have the byte order of the numbers around them.
    const isWide = type === UNDEFINED && value.toString('latin1', 0, 8) === UTF16_NAME;
    if (isWide) swap(value.subarray(8, value.length - (value.length % 2)), 2);
  }
  return { tag, type, count, value };
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
