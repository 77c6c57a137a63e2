import { type Box, boxesIn, walkBoxes } from '../../containers/boxes.js';
import { Budget } from '../../containers/budget.js';
import type { Bytes } from '../../containers/bytes.js';
import { contentsOf, type Extent, readExtents, readItems } from '../../containers/heif-items.js';
import type { FileFacts } from '../../image-facts.js';
import { checkInputSize, type PipelineLimits } from '../../limits.js';
import { damaged, excess } from '../../refusals.js';
import { framesOf } from '../frames.js';
import { scanExif } from '../tiff/exif.js';
import { avifColour } from './avif-colour.js';
import { codedPixels, pictureSizes } from './coded-pixels.js';

const MAX_BOXES = 4000;
/** Items with one extent each. A grid of the largest usual picture has a few hundred tiles. */
const MAX_EXTENTS = 2000;
/** Bytes of item lists, properties and profiles: some 50 for each item. libheif takes 0.7 µs for each byte. */
const MAX_STRUCTURE_BYTES = 512_000;

/** Bytes of boxes that readers skip. */
const DATA_BOXES: ReadonlySet<string> = new Set(['mdat', 'idat', 'free', 'skip', 'uuid']);

/** Total bytes of items relative to the file. Some encoders let two items share a picture. */
const MAX_SHARING = 2;
/** Allowance for metadata that tracks of an animation share. */
const SPARE_BYTES = 1_000_000;

/** ISO/IEC 14496-12, 4.3. */
const MAJOR_BRAND_AT = 8;

/** Colour and alpha may each be a grid whose cells extend beyond the picture. */
const MAX_CODED = 3;

/**
 * Walks the boxes.
 * @throws TesseraError unsupported_image, for HDR too; image_too_large for a picture hidden in a smaller one.
 */
export function scanAvif(bytes: Bytes, limits: PipelineLimits): FileFacts {
  const boxes = scanItems(bytes, limits, 'AVIF');
  const frames = framesOf(bytes);
  return {
    ...(frames > 0 ? { pages: frames } : {}),
    ...(bytes.text(MAJOR_BRAND_AT, 4) === 'avis' ? { sequence: true } : {}),
    ...(contentsOf(boxes, 'iref').some(isPremultiplied) ? { premultiplied: true } : {}),
    ...avifColour(contentsOf(boxes, 'ipco'), contentsOf(boxes, 'ipma'), contentsOf(boxes, 'pitm')),
  };
}

/**
 * HEIC: the same container with another codec. Its pixel facts are read when it is developed.
 * @throws as `scanAvif`.
 */
export function scanHeic(bytes: Bytes, limits: PipelineLimits): FileFacts {
  scanItems(bytes, limits, 'HEIC');
  return {};
}

/** Whether a picture is premultiplied: a reference of the type `prem` (ISO/IEC 23008-12, 6.10.1.2). */
function isPremultiplied(iref: Bytes): boolean {
  return [...boxesIn(iref.piece(4, iref.length))].some(({ type }) => type === 'prem');
}

/** @returns all boxes without inner boxes. */
function scanItems(bytes: Bytes, limits: PipelineLimits, format: string): Box[] {
  const count = new Budget(format, MAX_BOXES, 'boxes');
  const structure = new Budget(format, MAX_STRUCTURE_BYTES, 'bytes of lists, names and profiles');
  const boxes: Box[] = [];
  walkBoxes(bytes, count, (box) => {
    if (!DATA_BOXES.has(box.type)) structure.spend(box.content.length);
    boxes.push(box);
  });
  const extentCount = new Budget(format, MAX_EXTENTS, 'pieces of items');
  const extents = contentsOf(boxes, 'iloc').flatMap((iloc) => readExtents(iloc, extentCount));
  checkShared(extents, bytes, format);
  const [itemData] = contentsOf(boxes, 'idat');
  for (const { id, type } of contentsOf(boxes, 'iinf').flatMap(readItems))
    if (type === 'Exif') scanExifItem(id, extents, bytes, itemData, format);
  checkPixels(boxes, limits, format);
  return boxes;
}

/**
 * Checks the extents of all items. An extent beyond the end is damage; libheif would leave out that cell of a grid.
 * @throws TesseraError corrupt_image, unsupported_image.
 */
function checkShared(extents: readonly Extent[], bytes: Bytes, format: string): void {
  let total = 0;
  for (const { offset, length, inItemData } of extents) {
    if (!inItemData && offset + length > bytes.length) throw damaged(format);
    total += length === 0 ? bytes.length : length;
  }
  if (total > MAX_SHARING * bytes.length + SPARE_BYTES) throw excess(format, 'items that share their bytes');
}

/** A crop, or a grid larger than its picture, is decoded in full, whatever size is shown. */
function checkPixels(boxes: readonly Box[], limits: PipelineLimits, format: string): void {
  const sizes = contentsOf(boxes, 'ipco').flatMap(pictureSizes);
  for (const size of sizes) if (size !== undefined) checkInputSize(size.width, size.height, limits);
  if (
    codedPixels(sizes, contentsOf(boxes, 'ipma'), contentsOf(boxes, 'iref')) >
    MAX_CODED * limits.maxInputPixels
  )
    throw excess(format, 'far more pixels than it shows');
}

function scanExifItem(
  id: number,
  extents: readonly Extent[],
  bytes: Bytes,
  itemData: Bytes | undefined,
  format: string,
): void {
  // A track of an animation may refer to the same extent again.
  const pieces = extents.filter(({ itemId }) => itemId === id);
  const [extent] = pieces;
  if (extent === undefined) return;
  if (pieces.some(({ offset }) => offset !== extent.offset)) throw excess(format, 'EXIF in several pieces');
  const source = extent.inItemData ? itemData : bytes;
  const item = source?.piece(extent.offset, extent.length === 0 ? source.length : extent.length);
  if (item === undefined || item.length <= 4) return;
  // An offset precedes the block (ISO/IEC 23008-12, A.2.1).
  const start = 4 + item.u32(0);
  if (start + 8 < item.length) scanExif(item.piece(start, item.length - start), format);
}
