/** EXIF blocks, as JPEG, PNG, WebP and AVIF carry them, that no camera writes; little-endian TIFF without a picture. */

const ASCII = 2;
const LONG = 4;
const EXIF_DIRECTORY = 0x8769;

function exifFile(
  entries: readonly (readonly [tag: number, type: number, count: number, value: number])[],
): Buffer {
  const start = Buffer.alloc(8 + 2 + entries.length * 12 + 4);
  start.write('II', 0);
  start.writeUInt16LE(42, 2);
  start.writeUInt32LE(8, 4);
  start.writeUInt16LE(entries.length, 8);
  for (const [index, [tag, type, count, value]] of entries.entries()) {
    const at = 10 + index * 12;
    start.writeUInt16LE(tag, at);
    start.writeUInt16LE(type, at + 2);
    start.writeUInt32LE(count, at + 4);
    start.writeUInt32LE(value, at + 8);
  }
  return start;
}

/** Tags that name a directory; a reader that follows them would leave the texts. */
const DIRECTORY_TAGS = new Set([EXIF_DIRECTORY, 0x8825, 0xa005]);

/** Thousands of tags, each another one, that all name the same text: each is copied, and shown as a field of its own. */
export function overlappingEntries(entries: number, textBytes: number): Buffer {
  const valuesAt = 8 + 2 + entries * 12 + 4;
  const first = 0x0100;
  const start = exifFile(
    Array.from({ length: entries }, (_, index) => {
      const tag = (first + index) % 0x10000;
      return [DIRECTORY_TAGS.has(tag) ? first : tag, ASCII, textBytes, valuesAt];
    }),
  );
  return Buffer.concat([start, Buffer.alloc(textBytes, 0x61)]);
}

/** Thousands of EXIF directories in the first one, all the first one itself: read depth-first without end. */
export function directoryLoop(entries: number): Buffer {
  return exifFile(Array.from({ length: entries }, () => [EXIF_DIRECTORY, LONG, 1, 8]));
}

/** Entries that claim four billion values. */
export function claimedCounts(entries: number): Buffer {
  return exifFile(Array.from({ length: entries }, () => [0x010e, ASCII, 0xffffffff, 8]));
}

/** What a camera writes: its name, a description, and a maker's note of many bytes. */
export function directory(note: Buffer): Buffer {
  const entries = 4;
  const valuesAt = 8 + 2 + entries * 12 + 4;
  const start = exifFile([
    [0x010f, ASCII, 8, valuesAt],
    [0x0110, ASCII, 8, valuesAt],
    [0x0112, 3, 1, 1],
    [EXIF_DIRECTORY, LONG, 1, valuesAt + 8],
  ]);
  const maker = exifFile([[0x927c, 7, note.length, valuesAt + 8 + 18]]).subarray(8);
  return Buffer.concat([start, Buffer.from('Camera\0\0'), maker, note]);
}
