import { type Bytes, EndOfBytes } from '../bytes.js';
import type { Budget } from '../excess.js';
import { Directory, type Entry, TYPE_BYTES } from './directory.js';

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

/** Byte order and width of numbers and offsets. */
interface Layout {
  readonly littleEndian: boolean;
  readonly big: boolean;
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
  const waiting = [offsetAt(bytes, layout.big ? 8 : 4, layout)];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at === 0) continue;
    budgets.directories.spend(1);
    if (seen.has(at)) continue;
    seen.add(at);
    try {
      const entries = entriesOf(bytes, at, layout, budgets);
      onDirectory(new Directory(bytes, entries, layout.littleEndian));
      for (const entry of entries) {
        if (DIRECTORY_TAGS.has(entry.tag)) waiting.push(...offsetsOf(bytes, entry, layout, budgets));
      }
      waiting.push(nextOf(bytes, at, entries.length, layout));
    } catch (thrown) {
      // A directory that is cut off only ends its own chain.
      if (!(thrown instanceof EndOfBytes)) throw thrown;
    }
  }
}

function entriesOf(bytes: Bytes, start: number, layout: Layout, budgets: DirectoryBudgets): Entry[] {
  const { littleEndian, big } = layout;
  const count = big ? bytes.u64(start, littleEndian) : bytes.u16(start, littleEndian);
  budgets.entries.spend(count);
  const entries: Entry[] = [];
  for (let index = 0; index < count; index++) {
    const entry = entryAt(bytes, start + (big ? 8 + index * 20 : 2 + index * 12), layout);
    // Nobody reads values that claim to be longer than the file.
    if (entry.bytes <= bytes.length) budgets.valueBytes.spend(entry.bytes);
    entries.push(entry);
  }
  return entries;
}

/** The offset after a directory's entries: of the next directory in the chain, or 0. */
function nextOf(bytes: Bytes, start: number, entries: number, layout: Layout): number {
  return offsetAt(bytes, start + (layout.big ? 8 + entries * 20 : 2 + entries * 12), layout);
}

function entryAt(bytes: Bytes, at: number, layout: Layout): Entry {
  const { littleEndian, big } = layout;
  const type = bytes.u16(at + 2, littleEndian);
  const count = big ? bytes.u64(at + 4, littleEndian) : bytes.u32(at + 4, littleEndian);
  const size = count * (TYPE_BYTES[type] ?? 1);
  const valueAt = at + (big ? 12 : 8);
  return {
    tag: bytes.u16(at, littleEndian),
    type,
    count,
    bytes: size,
    at: size <= (big ? 8 : 4) ? valueAt : offsetAt(bytes, valueAt, layout),
  };
}

/** The values of an entry that refers to directories. */
function offsetsOf(bytes: Bytes, entry: Entry, layout: Layout, budgets: DirectoryBudgets): number[] {
  const wide = (TYPE_BYTES[entry.type] ?? 1) === 8;
  const offsets: number[] = [];
  for (let index = 0; index < entry.count; index++) {
    // Each is a directory; too many are refused before they are collected.
    if (index > budgets.directories.left) budgets.directories.spend(index);
    const at = entry.at + index * (wide ? 8 : 4);
    offsets.push(wide ? bytes.u64(at, layout.littleEndian) : bytes.u32(at, layout.littleEndian));
  }
  return offsets;
}

function offsetAt(bytes: Bytes, at: number, { big, littleEndian }: Layout): number {
  return big ? bytes.u64(at, littleEndian) : bytes.u32(at, littleEndian);
}

/** By the first bytes: `II` or `MM`, then 42, or 43 for BigTIFF. */
function layoutOf(bytes: Bytes): Layout | undefined {
  const order = bytes.text(0, 2);
  if (order !== 'II' && order !== 'MM') return undefined;
  const littleEndian = order === 'II';
  return { littleEndian, big: bytes.u16(2, littleEndian) === 43 };
}
