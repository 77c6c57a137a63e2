import { Budget } from '../../containers/budget.js';
import type { Bytes } from '../../containers/bytes.js';
import type { Directory } from '../../containers/tiff-directory.js';
import type { FileFacts } from '../../image-facts.js';
import { excess } from '../../refusals.js';
import { refuseCr2, refuseRaw } from './camera-raw.js';
import { walkDirectories } from './ifd.js';
import { tiffKind } from './tiff-kind.js';

const FORMAT = 'TIFF';

/** Directories: pages, and those beside them. libtiff takes 13 µs for each, and as long again for each reading of the file. */
const MAX_DIRECTORIES = 10_000;
const MAX_ENTRIES = 60_000;
/**
 * Tags of one directory; usual ones have 20 to 40. libtiff's time for unknown tags grows with their square: 80 ns,
 * 1.2 s for 4,000 tags.
 */
const MAX_ENTRIES_OF_DIRECTORY = 400;
/**
 * Bytes of values: profiles, EXIF, tables of strips. A profile shared by all pages counts for each. libtiff takes
 * about a second for a gigabyte.
 */
const MAX_VALUE_BYTES = 64_000_000;
/** Strips or tiles of one page: 2.3 µs each. As many as rows, in four planes, of the longest usual picture. */
const MAX_STRIPS = 262_144;

/** StripOffsets, StripByteCounts, TileOffsets, TileByteCounts. */
const STRIP_TABLES: ReadonlySet<number> = new Set([273, 279, 324, 325]);

/** @throws TesseraError unsupported_image: too much of something, camera RAW, or an unsupported kind. */
export function scanTiff(bytes: Bytes): FileFacts {
  refuseCr2(bytes);
  const head = bytes.text(8, 4);
  const budgets = {
    directories: new Budget(FORMAT, MAX_DIRECTORIES, 'directories'),
    entries: new Budget(FORMAT, MAX_ENTRIES, 'tags'),
    valueBytes: new Budget(FORMAT, MAX_VALUE_BYTES, 'bytes of tags'),
  };
  let first: Directory | undefined;
  walkDirectories(bytes, budgets, (directory) => {
    checkDirectory(directory);
    first ??= directory;
    refuseRaw(directory, first, head);
  });
  return first === undefined ? {} : tiffKind(first);
}

function checkDirectory({ entries }: Directory): void {
  if (entries.length > MAX_ENTRIES_OF_DIRECTORY)
    throw excess(FORMAT, `more than ${MAX_ENTRIES_OF_DIRECTORY} tags for one page`);
  if (entries.some(({ tag, count }) => STRIP_TABLES.has(tag) && count > MAX_STRIPS))
    throw excess(FORMAT, `more than ${MAX_STRIPS} strips or tiles`);
}
