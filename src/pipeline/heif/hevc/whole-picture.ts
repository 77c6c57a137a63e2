import { TesseraError } from '../../../domain/errors.js';
import { damaged } from '../../refusals.js';
import { type DecodedTile, decodeHevc } from './hevc-decoder.js';
import type { LoadedHevc } from './hevc-module.js';
import { isSlice } from './nal-units.js';

/** Smallest side of a coding tree block. Blocks are decoded whole or not at all. */
const BLOCK_PX = 16;
/** More bytes than end a slice. */
const TAIL_BYTES = 4;

/**
 * Decodes one complete picture of HEVC. libde265 does not notice slices that end early or are missing, and leaves
 * their blocks as the memory was.
 * @param blackIsZero whether black is zero in its planes: for grey and RGB.
 * @throws TesseraError corrupt_image, unsupported_image; a RuntimeError of WebAssembly.
 */
export function decodeWhole(
  hevc: LoadedHevc,
  units: readonly Buffer[],
  blackIsZero: (tile: DecodedTile) => boolean,
): DecodedTile {
  hevc.wipe();
  const tile = decodeHevc(hevc, units);
  const missing = blackIsZero(tile) ? endsInZero(tile) && endsEarly(hevc, units) : hasHole(tile);
  if (missing) throw damaged('HEIC', 'blocks of HEVC are missing');
  return tile;
}

/** Whether a block is zero in all planes: a green that no encoder produces. */
function hasHole(tile: DecodedTile): boolean {
  const { acrossShift, downShift } = tile.chroma ?? { acrossShift: 0, downShift: 0 };
  for (let top = 0; top < tile.height; top += BLOCK_PX) {
    const y = Math.min(top + BLOCK_PX / 2, tile.height - 1);
    const luma = tile.row(0, y);
    const cb = tile.row(1, y >> downShift);
    const cr = tile.row(2, y >> downShift);
    for (let left = 0; left < tile.width; left += BLOCK_PX) {
      const x = Math.min(left + BLOCK_PX / 2, tile.width - 1);
      if (luma[x] === 0 && cb[x >> acrossShift] === 0 && cr[x >> acrossShift] === 0) return true;
    }
  }
  return false;
}

/** Whether the last block may be missing. */
function endsInZero(tile: DecodedTile): boolean {
  return tile.row(0, tile.height - 1).at(-1) === 0;
}

/** Whether the last slice decodes without its end as well. A slice that reaches the last block does not. */
function endsEarly(hevc: LoadedHevc, units: readonly Buffer[]): boolean {
  const last = units.findLastIndex(isSlice);
  const cut = units.map((unit, at) =>
    at === last ? unit.subarray(0, Math.max(2, unit.length - TAIL_BYTES)) : unit,
  );
  try {
    decodeHevc(hevc, cut).free();
    return true;
  } catch (thrown) {
    if (thrown instanceof TesseraError) return false;
    throw thrown;
  }
}
