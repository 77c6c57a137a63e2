/** Writers of HEIC files that no honest program makes; by ISO/IEC 23008-12. */

import {
  coded,
  gridFile,
  gridItem,
  heicFile,
  hevc,
  size,
  TILE_HEIGHT,
  TILE_WIDTH,
} from '../../pipeline/heic-files.js';
import { repeated } from './avif-boxes.js';

/** A picture of 67 megapixels by its bits, of 64 x 64 by its file: decoders make room for what the bits say. */
export function understatedSize(): Buffer {
  return heicFile({ items: [hevc(coded('vast'), [], size(64, 64))] });
}

/** One small tile, used over and over. @param columns, rows at most 256 each. */
export function repeatedTile(columns: number, rows: number): Buffer {
  const tile = { ...hevc(coded('tile-0'), [], size(TILE_WIDTH, TILE_HEIGHT)), hidden: true };
  const grid = gridItem(columns, rows, [], columns * TILE_WIDTH, rows * TILE_HEIGHT);
  const references = [{ type: 'dimg', from: 2, to: repeated(1, columns * rows) }];
  return heicFile({ items: [tile, grid], references, primary: 2 });
}

/** A grid that is a tile of itself. */
export function endlessGrid(): Buffer {
  const grid = gridFile();
  return heicFile({ ...grid, references: [{ type: 'dimg', from: 5, to: [1, 2, 3, 5] }] });
}

/** Parameters of HEVC without an end, in every tile. */
export function hugeParameters(bytes: number): Buffer {
  const picture = coded('tile-0');
  const configuration = Buffer.concat([picture.configuration, Buffer.alloc(bytes)]);
  return heicFile({ items: [hevc({ ...picture, configuration }, [], size(TILE_WIDTH, TILE_HEIGHT))] });
}

/** A tile in millions of pieces that say nothing. */
export function tinyPieces(pieces: number): Buffer {
  const picture = coded('tile-0');
  // A length of two, and a unit of a type that decoders pass over.
  const data = Buffer.alloc(pieces * 6, Buffer.from('000000025001', 'hex'));
  return heicFile({
    items: [
      hevc({ ...picture, data: Buffer.concat([data, picture.data]) }, [], size(TILE_WIDTH, TILE_HEIGHT)),
    ],
  });
}
