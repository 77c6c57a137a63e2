/** Writers of AVIF files that say they are small and take the work of a large picture. */

import { file, grid, type Item } from './avif.js';
import {
  box,
  fullBox,
  KEY_FRAME,
  LARGE_CONFIGURATION,
  LARGE_KEY_FRAME,
  LARGE_SIDE,
  repeated,
  SIDE,
  u32,
} from './avif-boxes.js';

/** Places of the properties below in ipco, behind the three that every file has: small size is the second of those. */
const SMALL_SIZE = 2;
const DEPTH = 3;
const CONFIGURED = 4;
const LARGE_SIZE = 5;
const CROPPED = 6;

/** Crops to 64 x 64 pixels in the middle. */
const crop = box('clap', u32(SIDE, 1, SIDE, 1, 0, 1, 0, 1));
const PROPERTIES = [box('av1C', LARGE_CONFIGURATION), fullBox('ispe', 0, u32(LARGE_SIDE, LARGE_SIDE)), crop];

function large(properties: readonly number[]): Item {
  const at = KEY_FRAME.length;
  return { type: 'av01', extents: [{ offset: at, bytes: LARGE_KEY_FRAME.length }], properties };
}

const mdat = Buffer.concat([KEY_FRAME, LARGE_KEY_FRAME]);

/** A picture of 64 x 64 pixels by its size property, of 2,048 x 2,048 by its key frame. */
export function understatedSize(): Buffer {
  return file({ items: [large([CONFIGURED, SMALL_SIZE, DEPTH])], properties: PROPERTIES, mdat });
}

/** A picture of 2,048 x 2,048 pixels that is shown as 64 x 64. */
export function croppedPicture(): Buffer {
  return file({ items: [large([CONFIGURED, LARGE_SIZE, DEPTH, CROPPED])], properties: PROPERTIES, mdat });
}

/** A grid that is shown as 64 x 64 pixels, of cells of 2,048 x 2,048. @param columns, rows at most 256 each. */
export function hiddenGrid(columns: number, rows: number): Buffer {
  const description = grid(columns, rows, SIDE, SIDE);
  const extents = [{ offset: mdat.length, bytes: description.length }];
  return file({
    items: [
      large([CONFIGURED, LARGE_SIZE, DEPTH]),
      { type: 'grid', extents, properties: [SMALL_SIZE, DEPTH] },
    ],
    properties: PROPERTIES,
    references: [{ type: 'dimg', from: 2, to: repeated(1, columns * rows) }],
    primary: 2,
    mdat: Buffer.concat([mdat, description]),
  });
}
