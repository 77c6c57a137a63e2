import type { Bytes } from '../bytes.js';

/** Bytes of one value, by field type (TIFF 6.0, section 2; 13 and 16 to 18 from BigTIFF). Unknown types count as one byte. */
export const TYPE_BYTES: readonly number[] = [1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 1, 1, 8, 8, 8];

const ASCII = 2;
const RATIONAL = 5;

/** More values than any requested tag has. */
const MAX_VALUES = 64;
const MAX_TEXT_BYTES = 64;

/** An entry of a directory. */
export interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Offset of the values. */
  readonly at: number;
  readonly bytes: number;
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

  /** The values of a tag, at most 64; none where it is missing or its values lie beyond the file. */
  numbers(tag: number): number[] {
    const entry = this.#entry(tag);
    if (entry === undefined) return [];
    const size = TYPE_BYTES[entry.type] ?? 1;
    return Array.from({ length: Math.min(entry.count, MAX_VALUES) }, (_, index) =>
      this.#number(entry.type, size, entry.at + index * size),
    );
  }

  /** The first value of a tag. */
  number(tag: number): number | undefined {
    return this.numbers(tag)[0];
  }

  /** A text up to its first zero byte or 64 bytes; empty where it is missing. */
  text(tag: number): string {
    const entry = this.#entry(tag);
    if (entry === undefined || entry.type !== ASCII) return '';
    return this.bytes.text(entry.at, Math.min(entry.count, MAX_TEXT_BYTES)).split('\0', 1)[0] ?? '';
  }

  #entry(tag: number): Entry | undefined {
    return this.entries.find((entry) => entry.tag === tag && entry.at + entry.bytes <= this.bytes.length);
  }

  #number(type: number, size: number, at: number): number {
    const { bytes, littleEndian } = this;
    if (type === RATIONAL) return bytes.u32(at, littleEndian) / bytes.u32(at + 4, littleEndian);
    if (size === 1) return bytes.u8(at);
    if (size === 2) return bytes.u16(at, littleEndian);
    return size === 4 ? bytes.u32(at, littleEndian) : bytes.u64(at, littleEndian);
  }
}
