import { Bytes } from '../containers/bytes.js';
import { asRational, type Entry, LONG, RATIONAL, readEntry, SHORT } from '../containers/tiff-directory.js';
import type { Resolution } from './image-metadata.js';
import { Ranges } from './ranges.js';

/** Changes of the picture that its EXIF or XMP must reflect. */
export interface Corrections {
  /** Of the result, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly resolution: Resolution | undefined;
  /** Whether its colours were converted to sRGB. */
  readonly srgb: boolean;
}

/** Limit of EXIF; more is a file in disguise. */
export const MAX_EXIF_BYTES = 16_000_000;

const NAME_BYTES = 6;
const ENTRY_BYTES = 12;
/** Of the tag ResolutionUnit. */
const INCH = 2;

const TAG = {
  imageWidth: 0x0100,
  imageLength: 0x0101,
  stripOffsets: 0x0111,
  orientation: 0x0112,
  stripByteCounts: 0x0117,
  xResolution: 0x011a,
  yResolution: 0x011b,
  resolutionUnit: 0x0128,
  subDirectories: 0x014a,
  jpegOffset: 0x0201,
  jpegLength: 0x0202,
  exif: 0x8769,
  gps: 0x8825,
  colourSpace: 0xa001,
  pixelWidth: 0xa002,
  pixelHeight: 0xa003,
  interoperability: 0xa005,
} as const;

/** Tags to drop: the orientation was applied; the others refer to smaller pictures of the old size. */
const DROPPED: ReadonlySet<number> = new Set([
  TAG.orientation,
  TAG.stripOffsets,
  TAG.stripByteCounts,
  TAG.jpegOffset,
  TAG.jpegLength,
  TAG.subDirectories,
]);
const POINTERS: ReadonlySet<number> = new Set([TAG.exif, TAG.gps, TAG.interoperability]);

/** Strips of a thumbnail, and directories; more are not EXIF. */
const MAX_STRIPS = 1000;
const MAX_DIRECTORIES = 32;

/** EXIF without the name that precedes it in JPEG. */
export function exifBlock(exif: Buffer): Buffer {
  return exif.toString('latin1', 0, 4) === 'Exif' ? exif.subarray(NAME_BYTES) : exif;
}

/**
 * A copy of EXIF that is true of the result: without orientation in any form, without thumbnails and their bytes,
 * with the new size. Everything else stays in its place, because maker notes hold offsets that nobody can correct.
 * @param exif with or without "Exif\0\0".
 * @returns EXIF without that name; empty when nothing is left; undefined when it cannot be read, or exceeds 16 MB.
 */
export function correctedExif(exif: Buffer, corrections: Corrections): Buffer | undefined {
  const block = exifBlock(exif);
  const order = block.toString('latin1', 0, 2);
  if (block.length < 8 || block.length > MAX_EXIF_BYTES || (order !== 'II' && order !== 'MM'))
    return undefined;
  // Room for the link to the next directory, which some writers leave out at the end.
  const editor = new Editor(Buffer.concat([block, Buffer.alloc(4)]), block.length, order === 'II');
  return editor.u16(2) === 42 ? editor.corrected(corrections) : undefined;
}

class Editor {
  /** Bytes in use by entries that stay, and bytes of thumbnails. */
  readonly #kept: Ranges;
  readonly #dropped: Ranges;

  constructor(
    readonly bytes: Buffer,
    readonly length: number,
    readonly littleEndian: boolean,
  ) {
    this.#kept = new Ranges(bytes.length);
    this.#dropped = new Ranges(bytes.length);
  }

  u16(at: number): number {
    return this.littleEndian ? this.bytes.readUInt16LE(at) : this.bytes.readUInt16BE(at);
  }

  u32(at: number): number {
    return this.littleEndian ? this.bytes.readUInt32LE(at) : this.bytes.readUInt32BE(at);
  }

  set16(value: number, at: number): void {
    if (this.littleEndian) this.bytes.writeUInt16LE(value, at);
    else this.bytes.writeUInt16BE(value, at);
  }

  set32(value: number, at: number): void {
    if (this.littleEndian) this.bytes.writeUInt32LE(value, at);
    else this.bytes.writeUInt32BE(value, at);
  }

  corrected(corrections: Corrections): Buffer | undefined {
    this.#kept.add(0, 8);
    const waiting = [this.u32(4)];
    const entries = this.#entriesOf(this.u32(4));
    if (entries === undefined) return undefined;
    this.#dropChain([this.#nextOf(this.u32(4), entries)]);
    const seen = new Set<number>();
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (seen.has(at) || seen.size >= MAX_DIRECTORIES) continue;
      seen.add(at);
      waiting.push(...this.#correctDirectory(at, corrections));
    }
    return this.u16(this.u32(4)) === 0 ? Buffer.alloc(0) : this.#withoutDropped();
  }

  /** @returns undefined without a directory; the entries that fit when it is cut off. */
  #entriesOf(at: number): Entry[] | undefined {
    if (at < 8 || at + 2 > this.length) return undefined;
    const count = Math.min(this.u16(at), Math.floor((this.length - at - 2) / ENTRY_BYTES));
    const [bytes, layout] = [Bytes.of(this.bytes), { littleEndian: this.littleEndian, big: false }];
    return Array.from({ length: count }, (_, index) =>
      readEntry(bytes, at + 2 + index * ENTRY_BYTES, layout),
    );
  }

  /** End of a directory, including its link to the next one. Some writers leave the link out and store a value there. */
  #endOf(at: number, entries: readonly Entry[]): number {
    const link = at + 2 + entries.length * ENTRY_BYTES;
    const taken = entries.some(
      ({ tag, valueAt, bytes, at: entryAt }) =>
        (bytes > 4 && valueAt < link + 4 && valueAt + bytes > link) ||
        (POINTERS.has(tag) && this.u32(entryAt + 8) >= link && this.u32(entryAt + 8) < link + 4),
    );
    return taken ? link : link + 4;
  }

  /** 0: none. */
  #nextOf(at: number, entries: readonly Entry[]): number {
    const link = at + 2 + entries.length * ENTRY_BYTES;
    return link + 4 <= this.length && this.#endOf(at, entries) > link ? this.u32(link) : 0;
  }

  /**
   * Removes dropped entries and corrects others.
   * @returns the directories that it refers to.
   */
  #correctDirectory(at: number, corrections: Corrections): number[] {
    const entries = this.#entriesOf(at) ?? [];
    if (entries.length === 0) return [];
    this.#dropThumbnail(entries);
    const kept = entries.filter(({ tag }) => !DROPPED.has(tag));
    const end = this.#endOf(at, entries);
    for (const [index, entry] of kept.entries()) {
      this.bytes.copy(this.bytes, at + 2 + index * ENTRY_BYTES, entry.at, entry.at + ENTRY_BYTES);
    }
    this.bytes.fill(0, at + 2 + kept.length * ENTRY_BYTES, end);
    this.set16(kept.length, at);
    this.#kept.add(at, end);
    const moved = this.#entriesOf(at) ?? [];
    for (const entry of moved) {
      this.#keep(entry);
      this.#correct(entry, corrections);
    }
    return moved
      .filter(({ tag, bytes }) => POINTERS.has(tag) && bytes === 4)
      .map((entry) => this.u32(entry.at + 8));
  }

  #keep({ valueAt, bytes }: Entry): void {
    if (valueAt + bytes <= this.length) this.#kept.add(valueAt, valueAt + bytes);
  }

  #correct(entry: Entry, { width, height, resolution, srgb }: Corrections): void {
    const { tag } = entry;
    if (tag === TAG.imageWidth || tag === TAG.pixelWidth) this.#set(entry, LONG, width);
    if (tag === TAG.imageLength || tag === TAG.pixelHeight) this.#set(entry, LONG, height);
    if (tag === TAG.colourSpace && srgb) this.#set(entry, SHORT, 1);
    if (resolution === undefined) return;
    if (tag === TAG.xResolution) this.#setRational(entry, resolution.x);
    if (tag === TAG.yResolution) this.#setRational(entry, resolution.y);
    if (tag === TAG.resolutionUnit) this.#set(entry, SHORT, INCH);
  }

  /** One number within the entry. */
  #set({ at }: Entry, type: number, value: number): void {
    this.set16(type, at + 2);
    this.set32(1, at + 4);
    this.bytes.fill(0, at + 8, at + ENTRY_BYTES);
    if (type === SHORT) this.set16(value, at + 8);
    else this.set32(value, at + 8);
  }

  #setRational({ type, count, valueAt }: Entry, value: number): void {
    if (type !== RATIONAL || count !== 1 || valueAt + 8 > this.length) return;
    const [numerator, denominator] = asRational(value);
    this.set32(numerator, valueAt);
    this.set32(denominator, valueAt + 4);
  }

  /** Directories of thumbnails, one leading to the next. */
  #dropChain(waiting: number[]): void {
    const seen = new Set<number>();
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const entries = seen.size < MAX_DIRECTORIES && !seen.has(at) ? this.#entriesOf(at) : undefined;
      if (entries === undefined) continue;
      seen.add(at);
      this.#drop(at, this.#endOf(at, entries) - at);
      for (const { valueAt, bytes } of entries) this.#drop(valueAt, bytes);
      this.#dropThumbnail(entries);
      waiting.push(this.#nextOf(at, entries));
    }
  }

  /** The picture that entries of a directory refer to. */
  #dropThumbnail(entries: readonly Entry[]): void {
    const valuesOf = (wanted: number): number[] => {
      const entry = entries.find(({ tag }) => tag === wanted);
      return entry === undefined ? [] : this.#numbers(entry);
    };
    for (const [offsets, lengths] of [
      [TAG.jpegOffset, TAG.jpegLength],
      [TAG.stripOffsets, TAG.stripByteCounts],
    ] as const) {
      const sizes = valuesOf(lengths);
      for (const [index, at] of valuesOf(offsets).entries()) this.#drop(at, sizes[index] ?? 0);
    }
    const below = valuesOf(TAG.subDirectories);
    if (below.length > 0) this.#dropChain(below);
  }

  #numbers({ type, count, valueAt, bytes }: Entry): number[] {
    if ((type !== SHORT && type !== LONG) || count > MAX_STRIPS || valueAt + bytes > this.length) return [];
    return Array.from({ length: count }, (_, index) =>
      type === SHORT ? this.u16(valueAt + index * 2) : this.u32(valueAt + index * 4),
    );
  }

  #drop(at: number, bytes: number): void {
    if (at < this.length) this.#dropped.add(at, Math.min(at + bytes, this.length));
  }

  /** Blanks bytes that only thumbnails used, and cuts them off at the end. */
  #withoutDropped(): Buffer {
    const kept = this.#kept.cover();
    const dropped = this.#dropped.cover();
    let end = 0;
    for (let at = 0; at < this.bytes.length; at += 1) {
      if (dropped[at] === 1 && kept[at] === 0) this.bytes[at] = 0;
      else if (at < this.length || kept[at] === 1) end = at + 1;
    }
    return this.bytes.subarray(0, end);
  }
}
