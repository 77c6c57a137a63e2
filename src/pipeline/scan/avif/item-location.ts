import type { Bytes } from '../bytes.js';
import type { Budget } from '../excess.js';

/** An extent of an item's data (ISO/IEC 14496-12, 8.11.3, `iloc`). */
export interface Extent {
  readonly itemId: number;
  /** Whether the extent lies in `idat` instead of the file. */
  readonly inItemData: boolean;
  readonly offset: number;
  /** 0: to the end. */
  readonly length: number;
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
