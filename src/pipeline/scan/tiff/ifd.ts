import type { Budget } from '../../containers/budget.js';
import { type Bytes, EndOfBytes } from '../../containers/bytes.js';
import {
  Directory,
  type Entry,
  entriesOf,
  entryCount,
  entryOffset,
  layoutOf,
  offsetAt,
  type TiffLayout,
  typeBytes,
} from '../../containers/tiff-directory.js';

/** Tags whose values are the offsets of further directories: SubIFDs, EXIF, GPS, interoperability. */
const DIRECTORY_TAGS: ReadonlySet<number> = new Set([330, 34665, 34853, 40965]);

/** Budgets of all directories of one file. */
interface DirectoryBudgets {
  /** Decreased by each path to a directory, even to one that was seen. */
  readonly directories: Budget;
  readonly entries: Budget;
  /** Bytes of values, counted for each entry that refers to them. */
  readonly valueBytes: Budget;
}

/**
 * Walks all directories of TIFF or EXIF data: the chain, and those that entries refer to. Values are counted, not
 * read.
 * @param onDirectory called with each, the first page's first.
 * @throws TesseraError unsupported_image when a budget is exceeded. Data that is not TIFF is ignored.
 */
export function walkDirectories(
  bytes: Bytes,
  budgets: DirectoryBudgets,
  onDirectory: (directory: Directory) => void = () => {},
): void {
  const layout = layoutOf(bytes);
  if (layout === undefined) return;
  const seen = new Set<number>();
  const waiting = [layout.firstAt];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at === 0) continue;
    budgets.directories.spend(1);
    if (seen.has(at)) continue;
    seen.add(at);
    try {
      const entries = boundedEntries(bytes, at, layout, budgets);
      onDirectory(new Directory(bytes, entries, layout.littleEndian));
      for (const entry of entries) {
        if (DIRECTORY_TAGS.has(entry.tag)) waiting.push(...offsetsOf(bytes, entry, layout, budgets));
      }
      waiting.push(offsetAt(bytes, entryOffset(at, entries.length, layout), layout));
    } catch (thrown) {
      // A directory that is cut off only ends its own chain.
      if (!(thrown instanceof EndOfBytes)) throw thrown;
    }
  }
}

/** All entries of a directory, within the budgets. */
function boundedEntries(bytes: Bytes, start: number, layout: TiffLayout, budgets: DirectoryBudgets): Entry[] {
  budgets.entries.spend(entryCount(bytes, start, layout));
  const entries: Entry[] = [];
  for (const entry of entriesOf(bytes, start, layout)) {
    // Nobody reads values that claim to be longer than the file.
    if (entry.bytes <= bytes.length) budgets.valueBytes.spend(entry.bytes);
    entries.push(entry);
  }
  return entries;
}

/** The values of an entry that refers to directories. */
function offsetsOf(bytes: Bytes, entry: Entry, layout: TiffLayout, budgets: DirectoryBudgets): number[] {
  const width = { ...layout, big: typeBytes(entry.type) === 8 };
  const offsets: number[] = [];
  for (let index = 0; index < entry.count; index++) {
    // Each is a directory; too many are refused before they are collected.
    if (index > budgets.directories.left) budgets.directories.spend(index);
    offsets.push(offsetAt(bytes, entry.valueAt + index * (width.big ? 8 : 4), width));
  }
  return offsets;
}
