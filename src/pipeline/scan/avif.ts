import { type Box, walkBoxes } from './boxes.js';
import type { Bytes } from './bytes.js';
import { Budget, excess } from './excess.js';
import { scanExif } from './exif.js';
import { type Extent, readExtents } from './item-location.js';

const FORMAT = 'AVIF';

const MAX_BOXES = 4000;
/** A grid of the largest usual picture has a few hundred tiles, each an item of one extent. */
const MAX_EXTENTS = 2000;
/** Lists of items, of their properties and of references between them: some 50 bytes for each item. */
const MAX_STRUCTURE_BYTES = 128_000;

/** Bytes of all items against those of the file: a few usual encoders let two items share a picture. */
const MAX_SHARING = 4;

/** Boxes that hold data instead of lists: pixels, profiles, and what readers pass over. */
const DATA_BOXES: ReadonlySet<string> = new Set(['mdat', 'idat', 'colr', 'free', 'skip', 'uuid']);

/** Walks the boxes. @throws TesseraError unsupported_image. */
export function scanAvif(bytes: Bytes): void {
  const boxes = new Budget(FORMAT, MAX_BOXES, 'boxes');
  const structure = new Budget(FORMAT, MAX_STRUCTURE_BYTES, 'bytes of lists of items');
  const found: Box[] = [];
  walkBoxes(bytes, boxes, (box) => {
    if (!DATA_BOXES.has(box.type)) structure.spend(box.content.length);
    found.push(box);
  });
  const extentCount = new Budget(FORMAT, MAX_EXTENTS, 'pieces of items');
  const extents = contentsOf(found, 'iloc').flatMap((iloc) => readExtents(iloc, extentCount));
  checkShared(extents, bytes);
  const [itemData] = contentsOf(found, 'idat');
  for (const id of contentsOf(found, 'iinf').flatMap(exifItems)) scanExifItem(id, extents, bytes, itemData);
}

function contentsOf(boxes: readonly Box[], type: string): Bytes[] {
  return boxes.filter((box) => box.type === type).map(({ content }) => content);
}

/** Each item becomes a copy of its extents. */
function checkShared(extents: readonly Extent[], bytes: Bytes): void {
  const total = extents.reduce((sum, { length }) => sum + (length === 0 ? bytes.length : length), 0);
  if (total > MAX_SHARING * bytes.length) throw excess(FORMAT, 'items that share their bytes');
}

/** Ids of the items of type `Exif`. @param iinf content of the box: a count, then an `infe` box for each item. */
function exifItems(iinf: Bytes): number[] {
  const ids: number[] = [];
  const first = iinf.u8(0) === 0 ? 6 : 8;
  // As many as there are bytes for, which the structure's budget bounds.
  const count = new Budget(FORMAT, iinf.length, 'items');
  walkBoxes(iinf.piece(first, iinf.length), count, ({ type, content }) => {
    if (type !== 'infe' || content.u8(0) < 2) return;
    const wide = content.u8(0) > 2;
    const id = wide ? content.u32(4) : content.u16(4);
    if (content.text(wide ? 10 : 8, 4) === 'Exif') ids.push(id);
  });
  return ids;
}

function scanExifItem(
  id: number,
  extents: readonly Extent[],
  bytes: Bytes,
  itemData: Bytes | undefined,
): void {
  // A track of an animation may name the same piece once more.
  const pieces = extents.filter(({ itemId }) => itemId === id);
  const [extent] = pieces;
  if (extent === undefined) return;
  if (pieces.some(({ offset }) => offset !== extent.offset)) throw excess(FORMAT, 'EXIF in several pieces');
  const source = extent.inItemData ? itemData : bytes;
  const item = source?.piece(extent.offset, extent.length === 0 ? source.length : extent.length);
  if (item === undefined || item.length <= 4) return;
  // An offset stands before the block (ISO/IEC 23008-12, A.2.1).
  const start = 4 + item.u32(0);
  if (start + 8 < item.length) scanExif(item.piece(start, item.length - start), FORMAT);
}
