import { boxesIn } from '../../containers/boxes.js';
import type { Bytes } from '../../containers/bytes.js';
import { associations, readReferences } from '../../containers/heif-items.js';

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
  return [...boxesIn(ipco)].map(({ type, content }) =>
    type === 'ispe' ? { width: content.u32(4), height: content.u32(8) } : undefined,
  );
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
  return iref
    .flatMap((box) => readReferences(box, 'dimg').flatMap(({ to }) => to))
    .reduce((sum, item) => sum + (pixelsOf.get(item) ?? 0), 0);
}
