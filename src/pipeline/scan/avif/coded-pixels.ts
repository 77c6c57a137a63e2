import type { Bytes } from '../bytes.js';
import { Budget } from '../excess.js';
import { walkBoxes } from './boxes.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The sizes among the properties of items: `ispe` (ISO/IEC 23008-12, 6.5.3). The order is kept, so that associations
 * find theirs by index.
 * @param ipco content of the box.
 * @returns undefined for other properties.
 */
export function pictureSizes(ipco: Bytes): (Size | undefined)[] {
  const sizes: (Size | undefined)[] = [];
  walkBoxes(ipco, ownCount(ipco), ({ type, content }) => {
    sizes.push(type === 'ispe' ? { width: content.u32(4), height: content.u32(8) } : undefined);
  });
  return sizes;
}

/**
 * Pixels of the items that derived pictures (grids, overlays) are made of, counted once for each use: references of
 * the type `dimg`.
 * @param sizes from `pictureSizes`.
 * @param ipma, iref contents of the boxes that associate items with properties and items.
 */
export function codedPixels(
  sizes: readonly (Size | undefined)[],
  ipma: readonly Bytes[],
  iref: readonly Bytes[],
): number {
  const pixelsOf = new Map<number, number>();
  for (const box of ipma) {
    for (const [item, property] of associations(box)) {
      const size = sizes[property - 1];
      if (size === undefined) continue;
      pixelsOf.set(item, Math.max(pixelsOf.get(item) ?? 0, size.width * size.height));
    }
  }
  return iref.flatMap(derivedFrom).reduce((sum, item) => sum + (pixelsOf.get(item) ?? 0), 0);
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

/** Items that other items are derived from, once for each use (ISO/IEC 14496-12, 8.11.12). */
function derivedFrom(iref: Bytes): number[] {
  const idBytes = iref.u8(0) === 0 ? 2 : 4;
  const items: number[] = [];
  walkBoxes(iref.piece(4, iref.length), ownCount(iref), ({ type, content }) => {
    if (type !== 'dimg') return;
    const count = content.u16(idBytes);
    for (let index = 0; index < count; index++) {
      const at = idBytes + 2 + index * idBytes;
      items.push(idBytes === 2 ? content.u16(at) : content.u32(at));
    }
  });
  return items;
}

/** As many boxes as there are bytes, which the box's own length bounds. */
export function ownCount(bytes: Bytes): Budget {
  return new Budget('AVIF', bytes.length, 'boxes');
}
