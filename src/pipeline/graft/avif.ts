import { type Box, boxesIn } from '../containers/boxes.js';
import { Budget } from '../containers/budget.js';
import type { Bytes } from '../containers/bytes.js';
import { contentsOf, type Extent, primaryItem, readExtents } from '../containers/heif-items.js';
import type { ResultMetadata } from '../metadata/image-metadata.js';
import type { Splice } from './splice.js';

const BOX_HEADER_BYTES = 8;
/** Bytes of version and flags of a full box. */
const VERSION_BYTES = 4;
/** More than our encoder writes. */
const MAX_EXTENTS = 1000;

/** A new item: its announcement and its data. */
interface Item {
  readonly id: number;
  readonly type: 'Exif' | 'mime';
  /** A media type, ended by 0; empty for EXIF, whose item type suffices. */
  readonly contentType: string;
  readonly data: Buffer;
}

/**
 * Adds EXIF and XMP as items that describe the picture (ISO/IEC 23008-12, A.2 and A.3), with their data at the end.
 * AVIF holds no resolution.
 */
export function graftAvif(file: Bytes, { exif, xmp }: ResultMetadata): Splice[] {
  const meta = contentOf([...boxesIn(file)], 'meta');
  const boxes = [...boxesIn(meta.piece(VERSION_BYTES, meta.length))];
  const extents = readExtents(contentOf(boxes, 'iloc'), new Budget('AVIF', MAX_EXTENTS, 'pieces of items'));
  const firstId = Math.max(...extents.map(({ itemId }) => itemId)) + 1;
  const items: Item[] = [];
  // The offset of the TIFF header in the block precedes it.
  if (exif !== undefined)
    items.push({ id: firstId, type: 'Exif', contentType: '', data: Buffer.concat([Buffer.alloc(4), exif]) });
  if (xmp !== undefined)
    items.push({ id: firstId + 1, type: 'mime', contentType: 'application/rdf+xml\0', data: xmp });
  if (items.length === 0) return [];
  const oldBytes = BOX_HEADER_BYTES + meta.length;
  const grown = newMeta(meta, boxes, extents, items, 0, file.length).length - oldBytes;
  return [
    {
      at: meta.start - BOX_HEADER_BYTES,
      removed: oldBytes,
      bytes: newMeta(meta, boxes, extents, items, grown, file.length),
    },
    { at: file.length, removed: 0, bytes: box('mdat', ...items.map(({ data }) => data)) },
  ];
}

/**
 * @param grown number of bytes by which later data moves.
 * @param fileBytes former size of the file.
 */
function newMeta(
  meta: Bytes,
  boxes: readonly Box[],
  extents: readonly Extent[],
  items: readonly Item[],
  grown: number,
  fileBytes: number,
): Buffer {
  const end = meta.start + meta.length;
  const moved = extents.map((extent) => {
    const isBehind = !extent.inItemData && extent.offset >= end;
    return isBehind ? { ...extent, offset: extent.offset + grown } : extent;
  });
  let dataAt = fileBytes + grown + BOX_HEADER_BYTES;
  const added = items.map(({ id, data }): Extent => {
    const offset = dataAt;
    dataAt += data.length;
    return { itemId: id, inItemData: false, offset, length: data.length };
  });
  const primary = primaryItem(contentOf(boxes, 'pitm'));
  const references = items.map(({ id }) => reference(id, primary));
  const children = boxes.map(({ type, content }) => {
    const bytes = Buffer.from(content.read(0, content.length));
    if (type === 'iloc') return locations([...moved, ...added]);
    if (type === 'iinf') return announced(bytes, items);
    return type === 'iref' ? box(type, bytes, ...references) : box(type, bytes);
  });
  const hasReferences = boxes.some(({ type }) => type === 'iref');
  const version = meta.read(0, VERSION_BYTES);
  return box(
    'meta',
    version,
    ...children,
    ...(hasReferences ? [] : [box('iref', Buffer.alloc(VERSION_BYTES), ...references)]),
  );
}

function contentOf(boxes: readonly Box[], wanted: string): Bytes {
  const [content] = contentsOf(boxes, wanted);
  if (content === undefined) throw new Error(`The encoder returned AVIF without "${wanted}"`);
  return content;
}

function box(type: string, ...contents: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(BOX_HEADER_BYTES);
  head.writeUInt32BE(
    contents.reduce((sum, { length }) => sum + length, BOX_HEADER_BYTES),
    0,
  );
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, ...contents]);
}

/** 16-bit numbers in a row. */
function shorts(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}

/** Offsets of the items' data, in the version that allows data within the list; numbers of four bytes, no base. */
function locations(extents: readonly Extent[]): Buffer {
  const byItem = new Map<number, Extent[]>();
  for (const extent of extents) byItem.set(extent.itemId, [...(byItem.get(extent.itemId) ?? []), extent]);
  const parts = [Buffer.from([1, 0, 0, 0, 0x44, 0]), shorts(byItem.size)];
  for (const [id, pieces] of byItem) {
    parts.push(shorts(id, pieces[0]?.inItemData === true ? 1 : 0, 0, pieces.length));
    for (const { offset, length } of pieces) {
      const place = Buffer.alloc(8);
      place.writeUInt32BE(offset, 0);
      place.writeUInt32BE(length, 4);
      parts.push(place);
    }
  }
  return box('iloc', ...parts);
}

/** @param iinf content of the box in its first version: a count, then an `infe` box for each item. */
function announced(iinf: Buffer, items: readonly Item[]): Buffer {
  if (iinf[0] !== 0) throw new Error('The encoder returned AVIF with a list of more than 65,535 items');
  iinf.writeUInt16BE(iinf.readUInt16BE(VERSION_BYTES) + items.length, VERSION_BYTES);
  const entries = items.map(({ id, type, contentType }) =>
    // Version 2: id, no protection, type, no name.
    box('infe', Buffer.from([2, 0, 0, 0]), shorts(id, 0), Buffer.from(`${type}\0${contentType}`, 'latin1')),
  );
  return box('iinf', iinf, ...entries);
}

/** One item describes another. */
function reference(id: number, primary: number): Buffer {
  return box('cdsc', shorts(id, 1, primary));
}
