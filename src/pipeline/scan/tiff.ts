import type { Bytes } from './bytes.js';
import { Budget } from './excess.js';
import { walkDirectories } from './ifd.js';

const FORMAT = 'TIFF';

/** Pages, and what lies beside them. libtiff reads each anew, with all its values. */
const MAX_DIRECTORIES = 2000;
const MAX_ENTRIES = 100_000;
/** Profiles, EXIF, tables of strips: a profile shared by all pages counts for each. */
const MAX_VALUE_BYTES = 64_000_000;

/** @throws TesseraError unsupported_image. */
export function scanTiff(bytes: Bytes): void {
  walkDirectories(bytes, {
    directories: new Budget(FORMAT, MAX_DIRECTORIES, 'directories'),
    entries: new Budget(FORMAT, MAX_ENTRIES, 'tags'),
    valueBytes: new Budget(FORMAT, MAX_VALUE_BYTES, 'bytes of tags'),
  });
}
