import type { Bytes } from './bytes.js';

/**
 * Bytes of one value, by field type (TIFF 6.0, section 2; 13 and 16 to 18 from BigTIFF; 129 from Exif 3.0). Unknown
 * types count as one byte.
 */
const TYPE_BYTES: Readonly<Record<number, number>> = {
  3: 2,
  4: 4,
  5: 8,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
};

const ASCII = 2;
export const SHORT = 3;
export const LONG = 4;
export const RATIONAL = 5;

/** More values than any requested tag has. */
const MAX_VALUES = 64;
const MAX_TEXT_BYTES = 64;

/** Byte order and width of a file of directories, and the offset of the first directory. */
export interface TiffLayout {
  readonly littleEndian: boolean;
  /** Whether the number after the byte order is TIFF's. Camera RAW and damaged EXIF have others. */
  readonly known: boolean;
  /** BigTIFF. */
  readonly big: boolean;
  readonly firstAt: number;
}

/** An entry of a directory. */
export interface Entry {
  /** Offset of the entry. */
  readonly at: number;
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Offset of the values, within the entry or elsewhere. */
  readonly valueAt: number;
  /** Bytes of the values. */
  readonly bytes: number;
}

/**
 * By the first bytes: `II` or `MM`, then 42, or 43 for BigTIFF; undefined without a byte order.
 * @throws EndOfBytes
 */
export function layoutOf(bytes: Bytes): TiffLayout | undefined {
  const order = bytes.text(0, 2);
  if (order !== 'II' && order !== 'MM') return undefined;
  const littleEndian = order === 'II';
  const magic = bytes.u16(2, littleEndian);
  const big = magic === 43;
  return {
    littleEndian,
    known: magic === 42 || big,
    big,
    firstAt: big ? bytes.u64(8, littleEndian) : bytes.u32(4, littleEndian),
  };
}

/** Bytes of one value of a type. */
export function typeBytes(type: number): number {
  return TYPE_BYTES[type] ?? 1;
}

/** A rational of TIFF: exact for whole numbers, else to four decimals. */
export function asRational(value: number): readonly [numerator: number, denominator: number] {
  return Number.isInteger(value) ? [value, 1] : [Math.round(value * 10_000), 10_000];
}

/** The number of entries of a directory. @throws EndOfBytes */
export function entryCount(bytes: Bytes, directoryAt: number, { littleEndian, big }: TiffLayout): number {
  return big ? bytes.u64(directoryAt, littleEndian) : bytes.u16(directoryAt, littleEndian);
}

/** Offset of an entry by its index; that of the link to the next directory, after the last entry. */
export function entryOffset(directoryAt: number, index: number, { big }: Pick<TiffLayout, 'big'>): number {
  return directoryAt + (big ? 8 + index * 20 : 2 + index * 12);
}

/** An offset, in the width of the file. @throws EndOfBytes */
export function offsetAt(
  bytes: Bytes,
  at: number,
  { littleEndian, big }: Omit<TiffLayout, 'known' | 'firstAt'>,
): number {
  return big ? bytes.u64(at, littleEndian) : bytes.u32(at, littleEndian);
}

/** Reads an entry without its values. @throws EndOfBytes */
export function readEntry(bytes: Bytes, at: number, layout: Omit<TiffLayout, 'known' | 'firstAt'>): Entry {
  const { littleEndian, big } = layout;
  const type = bytes.u16(at + 2, littleEndian);
  const count = offsetAt(bytes, at + 4, layout);
  const size = count * typeBytes(type);
  const ownAt = at + (big ? 12 : 8);
  const valueAt = size <= (big ? 8 : 4) ? ownAt : offsetAt(bytes, ownAt, layout);
  return { at, tag: bytes.u16(at, littleEndian), type, count, valueAt, bytes: size };
}

/** The entries of a directory. @throws EndOfBytes */
export function* entriesOf(bytes: Bytes, directoryAt: number, layout: TiffLayout): Generator<Entry> {
  const count = entryCount(bytes, directoryAt, layout);
  for (let index = 0; index < count; index += 1)
    yield readEntry(bytes, entryOffset(directoryAt, index, layout), layout);
}

/** The tags of one image or thumbnail in TIFF or EXIF data, with the values of requested ones. */
export class Directory {
  constructor(
    private readonly bytes: Bytes,
    readonly entries: readonly Entry[],
    private readonly littleEndian: boolean,
  ) {}

  has(tag: number): boolean {
    return this.entries.some((entry) => entry.tag === tag);
  }

  /** The entry of a tag whose values lie within the file. */
  entry(tag: number): Entry | undefined {
    return this.entries.find(
      (entry) => entry.tag === tag && entry.valueAt + entry.bytes <= this.bytes.length,
    );
  }

  /** The values of a tag, at most 64; none where it is missing or its values lie beyond the file. */
  numbers(tag: number): number[] {
    const entry = this.entry(tag);
    if (entry === undefined) return [];
    const size = typeBytes(entry.type);
    return Array.from({ length: Math.min(entry.count, MAX_VALUES) }, (_, index) =>
      this.#number(entry.type, size, entry.valueAt + index * size),
    );
  }

  /** The first value of a tag. */
  number(tag: number): number | undefined {
    return this.numbers(tag)[0];
  }

  /** A text up to its first zero byte or 64 bytes; empty where it is missing. */
  text(tag: number): string {
    const entry = this.entry(tag);
    if (entry === undefined || entry.type !== ASCII) return '';
    return this.bytes.text(entry.valueAt, Math.min(entry.count, MAX_TEXT_BYTES)).split('\0', 1)[0] ?? '';
  }

  #number(type: number, size: number, at: number): number {
    const { bytes, littleEndian } = this;
    if (type === RATIONAL) return bytes.u32(at, littleEndian) / bytes.u32(at + 4, littleEndian);
    if (size === 1) return bytes.u8(at);
    if (size === 2) return bytes.u16(at, littleEndian);
    return size === 4 ? bytes.u32(at, littleEndian) : bytes.u64(at, littleEndian);
  }
}
