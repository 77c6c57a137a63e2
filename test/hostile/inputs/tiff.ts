/** Writers of TIFF and BigTIFF files that no honest program makes; little-endian, by the TIFF 6.0 and BigTIFF descriptions. */

import { progressiveScans } from './jpeg.js';

/** A tag; `value` is the value itself where it fits into the entry, else where in the file the values are. */
interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  readonly value: number;
}

const BYTE = 1;
const ASCII = 2;
const SHORT = 3;
const LONG = 4;
const UNDEFINED = 7;
const IFD8 = 18;
const SUB_DIRECTORIES = 330;

/** Where the bytes lie that all directories share, and which begin with the one pixel of each. */
function sharedAt(big: boolean): number {
  return big ? 16 : 8;
}

/** A grey picture of `width` x `height` whose rows are all in one strip at `strip`. */
function greyPicture(width: number, height: number, strip: number): Entry[] {
  return [
    { tag: 256, type: LONG, count: 1, value: width },
    { tag: 257, type: LONG, count: 1, value: height },
    { tag: 258, type: SHORT, count: 1, value: 8 },
    { tag: 259, type: SHORT, count: 1, value: 1 },
    { tag: 262, type: SHORT, count: 1, value: 1 },
    { tag: 273, type: LONG, count: 1, value: strip },
    { tag: 277, type: SHORT, count: 1, value: 1 },
    { tag: 278, type: LONG, count: 1, value: height },
    { tag: 279, type: LONG, count: 1, value: width * height },
  ];
}

function directoryBytes(entries: number, big: boolean): number {
  return big ? 8 + entries * 20 + 8 : 2 + entries * 12 + 4;
}

function directory(entries: readonly Entry[], next: number, big: boolean): Buffer {
  const bytes = Buffer.alloc(directoryBytes(entries.length, big));
  const headBytes = big ? 8 : 2;
  if (big) bytes.writeBigUInt64LE(BigInt(entries.length), 0);
  else bytes.writeUInt16LE(entries.length, 0);
  for (const [index, { tag, type, count, value }] of entries.entries()) {
    const at = headBytes + index * (big ? 20 : 12);
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    if (big) {
      bytes.writeBigUInt64LE(BigInt(count), at + 4);
      bytes.writeBigUInt64LE(BigInt(value), at + 12);
    } else {
      bytes.writeUInt32LE(count, at + 4);
      bytes.writeUInt32LE(value, at + 8);
    }
  }
  if (big) bytes.writeBigUInt64LE(BigInt(next), bytes.length - 8);
  else bytes.writeUInt32LE(next, bytes.length - 4);
  return bytes;
}

/** The header, the shared bytes, and then the directories, the first of which is the picture that is shown. */
function file(shared: Buffer, directories: readonly Buffer[], big: boolean): Buffer {
  const first = sharedAt(big) + shared.length;
  const header = Buffer.alloc(sharedAt(big));
  header.write('II', 0);
  header.writeUInt16LE(big ? 43 : 42, 2);
  if (big) {
    header.writeUInt16LE(8, 4);
    header.writeBigUInt64LE(BigInt(first), 8);
  } else {
    header.writeUInt32LE(first, 4);
  }
  return Buffer.concat([header, shared, ...directories]);
}

/** Directories of the same entries behind each other; the last one names `last`, 0 being the end. */
function chain(
  shared: Buffer,
  entries: readonly Entry[],
  directories: number,
  big: boolean,
  last: 'end' | 'first',
): Buffer {
  const first = sharedAt(big) + shared.length;
  const each = directoryBytes(entries.length, big);
  const written = Array.from({ length: directories }, (_, index) => {
    const next = index + 1 < directories ? first + (index + 1) * each : last === 'end' ? 0 : first;
    return directory(entries, next, big);
  });
  return file(shared, written, big);
}

/** What the directories of `sharedTag` share; a profile, XMP, a description, or a tag that nobody knows. */
export const SHARED_TAGS = {
  profile: { tag: 34675, type: UNDEFINED },
  xmp: { tag: 700, type: BYTE },
  iptc: { tag: 33723, type: UNDEFINED },
  photoshop: { tag: 34377, type: BYTE },
  description: { tag: 270, type: ASCII },
  unknown: { tag: 65000, type: BYTE },
} as const;

/**
 * Thousands of directories, each with the same large tag: the file holds its bytes once, the reader reads them for each
 * directory, only to count the pages.
 */
export function sharedTag(
  kind: keyof typeof SHARED_TAGS,
  directories: number,
  sharedBytes: number,
  big = false,
): Buffer {
  const { tag, type } = SHARED_TAGS[kind];
  const shared = Buffer.alloc(sharedBytes, 0x20);
  const entries = [
    ...greyPicture(1, 1, sharedAt(big)),
    { tag, type, count: sharedBytes, value: sharedAt(big) },
  ].sort((one, other) => one.tag - other.tag);
  return chain(shared, entries, directories, big, 'end');
}

/** A chain of directories whose last one names the first: a reader that counts pages never ends. */
export function directoryLoop(directories: number, big = false): Buffer {
  return chain(Buffer.alloc(1), greyPicture(1, 1, sharedAt(big)), directories, big, 'first');
}

/** Plain directories by the ten thousand, of one pixel each. */
export function manyDirectories(directories: number, big = false): Buffer {
  return chain(Buffer.alloc(1), greyPicture(1, 1, sharedAt(big)), directories, big, 'end');
}

/** One directory with thousands of unknown tags that all name the same bytes: the reader keeps a copy for each. */
export function overlappingTags(tags: number, sharedBytes: number, directories = 1, big = false): Buffer {
  const entries = greyPicture(1, 1, sharedAt(big));
  for (let index = 0; index < tags; index += 1)
    entries.push({ tag: 40000 + index, type: BYTE, count: sharedBytes, value: sharedAt(big) });
  return chain(Buffer.alloc(sharedBytes), entries, directories, big, 'end');
}

/** One tag that claims more values than the file, or any memory, holds. */
export function claimedCount(kind: keyof typeof SHARED_TAGS, count: number, big = false): Buffer {
  const { tag, type } = SHARED_TAGS[kind];
  const entries = [...greyPicture(1, 1, sharedAt(big)), { tag, type, count, value: sharedAt(big) }];
  return chain(
    Buffer.alloc(64),
    entries.sort((one, other) => one.tag - other.tag),
    1,
    big,
    'end',
  );
}

/** A picture one pixel wide with a strip for each row, in a table that all directories share: one picture, all pages. */
export function stripTable(strips: number, directories = 1, big = false): Buffer {
  const at = sharedAt(big);
  const shared = Buffer.alloc(strips * 8);
  for (let strip = 0; strip < strips; strip += 1) {
    shared.writeUInt32LE(at, strip * 4);
    shared.writeUInt32LE(1, strips * 4 + strip * 4);
  }
  const entries = greyPicture(1, strips, at).map((entry) => {
    if (entry.tag === 273) return { ...entry, count: strips, value: at };
    if (entry.tag === 279) return { ...entry, count: strips, value: at + strips * 4 };
    return entry.tag === 278 ? { ...entry, value: 1 } : entry;
  });
  return chain(shared, entries, directories, big, 'end');
}

/** The picture names `children` sub-directories, all the same one, in one tag of that many offsets. */
export function subDirectories(children: number, pages = 1): Buffer {
  const big = false;
  const table = Buffer.alloc(Math.max(8, children * 4));
  const child = sharedAt(big) + table.length;
  const childEntries = greyPicture(1, 1, sharedAt(big));
  const shared = Buffer.concat([table, directory(childEntries, 0, big)]);
  for (let index = 0; index < children; index += 1) shared.writeUInt32LE(child, index * 4);
  const entries = [
    ...childEntries,
    { tag: SUB_DIRECTORIES, type: LONG, count: children, value: children === 1 ? child : sharedAt(big) },
  ];
  return chain(shared, entries, pages, big, 'end');
}

/** Each directory is the sub-directory of the one before it; the last one is its own. */
export function nestedSubDirectories(depth: number, big = false): Buffer {
  const entryCount = greyPicture(1, 1, 0).length + 1;
  const each = directoryBytes(entryCount, big);
  const first = sharedAt(big) + 8;
  const nested = Array.from({ length: depth }, (_, index) => {
    const child = first + Math.min(index + 1, depth - 1) * each;
    const entries = [
      ...greyPicture(1, 1, sharedAt(big)),
      { tag: SUB_DIRECTORIES, type: big ? IFD8 : LONG, count: 1, value: child },
    ];
    return directory(entries, 0, big);
  });
  return file(Buffer.alloc(8), nested, big);
}

/** A picture of 16 x 16 pixels whose only tile, or only strip, is as large as its tags can say. */
export function hugeTile(side: number): Buffer {
  const entries = [
    ...greyPicture(16, 16, 8).filter((entry) => entry.tag < 273 || entry.tag === 277),
    { tag: 322, type: LONG, count: 1, value: side },
    { tag: 323, type: LONG, count: 1, value: side },
    { tag: 324, type: LONG, count: 1, value: 8 },
    { tag: 325, type: LONG, count: 1, value: 1024 },
  ];
  return chain(Buffer.alloc(1024), entries, 1, false, 'end');
}

/** A strip that is itself a progressive JPEG of very many scans; a JPEG's own bounds do not see it. */
export function jpegStrip(side: number, scans: number): Buffer {
  const strip = progressiveScans(side, scans);
  const entries = greyPicture(side, side, 8).map((entry) => {
    if (entry.tag === 259) return { ...entry, value: 7 };
    return entry.tag === 279 ? { ...entry, value: strip.length } : entry;
  });
  return chain(strip, entries, 1, false, 'end');
}
