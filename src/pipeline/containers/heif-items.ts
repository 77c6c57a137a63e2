import { type Box, boxesIn } from './boxes.js';
import type { Budget } from './budget.js';
import type { Bytes } from './bytes.js';

/** The entry of an item in the list of items: a picture, or a piece of metadata (ISO/IEC 14496-12, 8.11.6, `infe`). */
export interface ItemEntry {
  readonly id: number;
  /** Four letters: `hvc1`, `grid`, `Exif`, `mime`. */
  readonly type: string;
  /** Content type; for `mime` only. */
  readonly contentType: string;
  /** A part of another picture, not shown by itself. */
  readonly hidden: boolean;
}

/** A reference of one item to others (ISO/IEC 14496-12, 8.11.12). */
export interface Reference {
  readonly type: string;
  readonly from: number;
  readonly to: readonly number[];
}

/** An extent of an item's data (ISO/IEC 14496-12, 8.11.3, `iloc`). */
export interface Extent {
  readonly itemId: number;
  /** Whether the extent lies in `idat` instead of the file. */
  readonly inItemData: boolean;
  readonly offset: number;
  /** 0: to the end. */
  readonly length: number;
}

/** The contents of all boxes of a type. */
export function contentsOf(boxes: readonly Box[], wanted: string): Bytes[] {
  return boxes.filter(({ type }) => type === wanted).map(({ content }) => content);
}

/** The number of the primary item. */
export function primaryItem(pitm: Bytes): number {
  return pitm.u8(0) === 0 ? pitm.u16(4) : pitm.u32(4);
}

/** @param iinf content of the box: a count, then an `infe` box for each item. Entries before version 2 have no type. */
export function readItems(iinf: Bytes): ItemEntry[] {
  return [...boxesIn(iinf.piece(iinf.u8(0) === 0 ? 6 : 8, iinf.length))].flatMap(({ type, content }) => {
    if (type !== 'infe' || content.u8(0) < 2) return [];
    const typeAt = content.u8(0) === 2 ? 8 : 10;
    const itemType = content.text(typeAt, 4);
    // A name and a content type, each ended by a zero.
    const [, contentType = ''] = content.text(typeAt + 4, content.length - typeAt - 4).split('\0');
    return {
      id: typeAt === 8 ? content.u16(4) : content.u32(4),
      type: itemType,
      contentType,
      hidden: (content.u8(3) & 1) === 1,
    };
  });
}

/** @param wanted the only type to read; undefined for all. */
export function readReferences(iref: Bytes, wanted?: string): Reference[] {
  const idBytes = iref.u8(0) === 0 ? 2 : 4;
  const boxes = [...boxesIn(iref.piece(4, iref.length))];
  return boxes
    .filter(({ type }) => wanted === undefined || type === wanted)
    .map(({ type, content }) => {
      const id = (at: number) => (idBytes === 2 ? content.u16(at) : content.u32(at));
      const count = content.u16(idBytes);
      const to = Array.from({ length: count }, (_, index) => id(idBytes + 2 + index * idBytes));
      return { type, from: id(0), to };
    });
}

/** Pairs of an item and the number, from 1, of one of its properties (ISO/IEC 14496-12, 8.11.14). */
export function associations(ipma: Bytes): [item: number, property: number, essential: boolean][] {
  const wideItems = ipma.u8(0) > 0;
  const wideProperties = (ipma.u8(3) & 1) === 1;
  const pairs: [number, number, boolean][] = [];
  let at = 8;
  for (let entry = ipma.u32(4); entry > 0; entry--) {
    const item = wideItems ? ipma.u32(at) : ipma.u16(at);
    at += wideItems ? 4 : 2;
    const count = ipma.u8(at);
    at += 1;
    for (let index = 0; index < count; index++) {
      // The first bit marks an essential property: an item cannot be shown without it.
      const bits = wideProperties ? 15 : 7;
      const place = wideProperties ? ipma.u16(at) : ipma.u8(at);
      pairs.push([item, place & (2 ** bits - 1), place >> bits === 1]);
      at += wideProperties ? 2 : 1;
    }
  }
  return pairs;
}

/**
 * @param count is decreased by one for each extent.
 * @throws TesseraError unsupported_image when there are too many.
 */
export function readExtents(iloc: Bytes, count: Budget): Extent[] {
  const version = iloc.u8(0);
  const sizes = iloc.u16(4);
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15];
  const indexSize = version === 0 ? 0 : sizes & 15;
  const wide = version >= 2;
  const items = wide ? iloc.u32(6) : iloc.u16(6);
  let at = wide ? 10 : 8;
  const number = (size: number): number => {
    const value = size === 0 ? 0 : size === 4 ? iloc.u32(at) : size === 8 ? iloc.u64(at) : iloc.u16(at);
    at += size;
    return value;
  };
  const extents: Extent[] = [];
  for (let item = 0; item < items; item++) {
    const itemId = number(wide ? 4 : 2);
    const method = version === 0 ? 0 : number(2) & 15;
    number(2); // The data's source: always this file.
    const base = number(baseSize);
    const pieces = number(2);
    count.spend(pieces);
    for (let piece = 0; piece < pieces; piece++) {
      number(indexSize);
      const offset = base + number(offsetSize);
      extents.push({ itemId, inItemData: method === 1, offset, length: number(lengthSize) });
    }
  }
  return extents;
}
