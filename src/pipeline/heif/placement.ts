import type { Area } from '../image-facts.js';
import { damaged, unsupportedImage } from '../refusals.js';
import type { Item } from './container.js';

/** Which stored pixels are shown, and how they are turned. */
export interface Placement {
  readonly shown: Area;
  /** EXIF orientation, 1 to 8. */
  readonly orientation: number;
}

/** EXIF orientation after one more counter-clockwise quarter turn, by the one before it. */
const TURNED: readonly number[] = [0, 8, 5, 6, 7, 4, 1, 2, 3];
/** The same after a mirror: left and right, or top and bottom. */
const MIRRORED: readonly (readonly number[])[] = [
  [0, 4, 3, 2, 1, 8, 7, 6, 5],
  [0, 2, 1, 4, 3, 6, 5, 8, 7],
];

/**
 * The stored size of an item: its `ispe` (ISO/IEC 23008-12, 6.5.3).
 * @throws TesseraError corrupt_image.
 */
export function storedSize({ properties }: Item): { width: number; height: number } {
  const ispe = properties.find(({ type }) => type === 'ispe')?.content;
  const size = { width: ispe?.u32(4) ?? 0, height: ispe?.u32(8) ?? 0 };
  if (size.width === 0 || size.height === 0) throw damaged('HEIC', 'a picture without a size');
  return size;
}

/**
 * Reads crop (`clap`, ISO/IEC 14496-12, 12.1.4), rotation and mirror (`irot` and `imir`, ISO/IEC 23008-12, 6.5.10 and
 * 6.5.12).
 * @throws TesseraError corrupt_image; unsupported_image for a crop after a turn, which MIAF does not allow.
 */
export function readPlacement(item: Item): Placement {
  const { width, height } = storedSize(item);
  let shown: Area = { left: 0, top: 0, width, height };
  let orientation = 1;
  for (const { type, content } of item.properties) {
    if (type === 'irot') {
      for (let quarters = content.u8(0) & 3; quarters > 0; quarters--) orientation = TURNED[orientation] ?? 1;
    } else if (type === 'imir') {
      orientation = MIRRORED[content.u8(0) & 1]?.[orientation] ?? 1;
    } else if (type === 'clap') {
      if (orientation !== 1)
        throw unsupportedImage('This HEIC image is cropped after it is turned, which is not supported.');
      const signed = (at: number) => content.u32(at) | 0;
      const across = part(shown.width, content.u32(0), content.u32(4), signed(16), content.u32(20));
      const down = part(shown.height, content.u32(8), content.u32(12), signed(24), content.u32(28));
      shown = {
        left: shown.left + across.start,
        top: shown.top + down.start,
        width: across.length,
        height: down.length,
      };
    }
  }
  return { shown, orientation };
}

/** One axis of a crop: its length, and the offset of its centre from the whole's centre, both as fractions. */
function part(
  whole: number,
  length: number,
  lengthUnit: number,
  offset: number,
  offsetUnit: number,
): { start: number; length: number } {
  const kept = Math.floor(length / lengthUnit);
  const start = Math.floor(offset / offsetUnit + (whole - kept) / 2);
  if (!(kept > 0 && start >= 0 && start + kept <= whole)) throw damaged('HEIC', 'a crop beyond its picture');
  return { start, length: kept };
}
