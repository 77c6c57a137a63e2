import { type Bytes, EndOfBytes } from '../containers/bytes.js';
import { layoutOf } from '../containers/tiff-directory.js';
import { EXIF_POINTERS, readDirectory, serialize } from './directories.js';
import { MAX_EXIF_BYTES } from './exif.js';

/**
 * Tags of a first directory that describe the picture and not the storage of its pixels: description, maker, model,
 * resolution, software, date, artist, host, ratings, copyright, Windows' own texts, print matching.
 */
const DESCRIPTIVE_TAGS: ReadonlySet<number> = new Set([
  270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 18246, 18249, 33432, 40091, 40092, 40093, 40094, 40095,
  50341,
]);

export function isDescriptive(tag: number): boolean {
  return DESCRIPTIVE_TAGS.has(tag);
}

const HEADER = Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0]);

/**
 * EXIF from a TIFF file, where it lies in the file's own directory: the tags that describe the picture, and the
 * directories of EXIF, GPS and interoperability.
 * @returns a block with its own header; undefined where the file describes nothing; 'unreadable' for damage and more
 * than 16 MB.
 */
export function exifOfTiff(source: Bytes): Buffer | undefined | 'unreadable' {
  try {
    const layout = layoutOf(source);
    if (layout === undefined) return undefined;
    const room = { bytes: MAX_EXIF_BYTES };
    const directory = readDirectory(source, layout, layout.firstAt, EXIF_POINTERS, isDescriptive, room);
    if (directory.fields.length === 0 && directory.below.size === 0) return undefined;
    return Buffer.concat([HEADER, serialize(directory, HEADER.length)]);
  } catch (thrown) {
    if (thrown instanceof EndOfBytes) return 'unreadable';
    throw thrown;
  }
}
