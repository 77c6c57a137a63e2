import { Budget } from '../../containers/budget.js';
import { type Bytes, EndOfBytes } from '../../containers/bytes.js';
import { walkDirectories } from './ifd.js';

/**
 * Directories: two of the image and its thumbnail, EXIF, GPS, interoperability; some cameras add more. libexif's time
 * grows with the square of the paths to directories: 1,000 of them in a circle take 160 ms.
 */
const MAX_DIRECTORIES = 32;
const MAX_ENTRIES = 2000;
/** Bytes of values beyond the block's length: short ones lie in their entries. */
const SPARE_BYTES = 65_536;

/**
 * Scans a block of EXIF (a TIFF header and its directories) inside an image. libexif copies the values of each entry,
 * even where thousands share the same bytes.
 * @throws TesseraError unsupported_image.
 */
export function scanExif(block: Bytes, format: string): void {
  try {
    walkDirectories(block, {
      directories: new Budget(format, MAX_DIRECTORIES, 'EXIF directories'),
      entries: new Budget(format, MAX_ENTRIES, 'EXIF tags'),
      valueBytes: new Budget(format, block.length + SPARE_BYTES, 'bytes of EXIF values'),
    });
  } catch (thrown) {
    // Everyone ignores EXIF that is cut off; the image may be whole.
    if (!(thrown instanceof EndOfBytes)) throw thrown;
  }
}
