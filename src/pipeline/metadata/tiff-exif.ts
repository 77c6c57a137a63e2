import { type Bytes, EndOfBytes } from '../containers/bytes.js';
import { layoutOf } from '../containers/tiff-directory.js';
import { type Directory, EXIF_POINTERS, readDirectory, serialize } from './directories.js';
import { MAX_EXIF_BYTES } from './exif.js';

/**
 * Tags of a first directory that describe the picture and not the storage of its pixels: description, maker, model,
 * resolution, software, date, artist, host, ratings, copyright, Windows' own texts, print matching.
 */
const DESCRIPTIVE_TAGS: ReadonlySet<number> = new Set([
  270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 18246, 18249, 33432, 40091, 40092, 40093, 40094, 40095,
  50341,
]);

const HEADER = Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0]);

/**
 * The tags that describe the picture in the first directory of TIFF or EXIF, and the directories of EXIF, GPS and
 * interoperability.
 * @param maxBytes of all values.
 * @returns undefined for other data.
 * @throws EndOfBytes for a directory that is cut off, and for more than `maxBytes`.
 */
export function descriptiveDirectory(bytes: Bytes, maxBytes: number): Directory | undefined {
  const layout = layoutOf(bytes);
  if (layout === undefined || !layout.known) return undefined;
  const isDescriptive = (tag: number) => DESCRIPTIVE_TAGS.has(tag);
  return readDirectory(bytes, layout, layout.firstAt, EXIF_POINTERS, isDescriptive, { bytes: maxBytes });
}

/**
 * EXIF from a TIFF file, where it lies in the file's own directory.
 * @returns a block with its own header; undefined where the file describes nothing; 'unreadable' for damage and more
 * than 16 MB.
 */
export function exifOfTiff(bytes: Bytes): Buffer | undefined | 'unreadable' {
  try {
    const directory = descriptiveDirectory(bytes, MAX_EXIF_BYTES);
    if (directory === undefined || (directory.fields.length === 0 && directory.below.size === 0))
      return undefined;
    return Buffer.concat([HEADER, serialize(directory, HEADER.length)]);
  } catch (thrown) {
    if (thrown instanceof EndOfBytes) return 'unreadable';
    throw thrown;
  }
}
