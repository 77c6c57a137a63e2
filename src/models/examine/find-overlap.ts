import { cut } from '../../tiling/cut.js';
import { FEATHER_PX } from '../../tiling/plan.js';
import type { Raster } from '../../tiling/raster.js';
import type { ModelEntry } from '../manifest-entry.js';
import { trialSide, warmUpTile } from '../onnx/warm-up.js';
import type { TileModel } from '../tile-model.js';
import { scatteredTile, withModel } from './trial.js';

/** A smaller overlap saves too little time. */
const MIN_OVERLAP_PX = 8;
/** Samples may differ by this much across a seam. */
const INVISIBLE = 1;

/**
 * Finds the overlap of a network that takes any size: compares the answers to a tile and to its left half, and measures how far from the cut they
 * differ. Neighbouring tiles must share twice that.
 */
export async function findOverlap(entry: ModelEntry, folder: string): Promise<number> {
  const { multipleOf } = entry.sizeRequirements;
  const side = trialSide(multipleOf);
  const long = warmUpTile(4 * side, side);
  const half = { ...long, data: new Uint8Array(long.data.length / 2), width: 2 * side };
  cut(long, 0, 0, half.width, side, half.data);
  return withModel(entry, folder, async (model) => {
    const { margin } = difference(await model.run(long), await model.run(half), entry.scale, 0, 0);
    // Half of the overlap lies on each side of a seam.
    const step = multipleOf % 2 === 0 ? Math.max(4, multipleOf) : Math.max(4, 2 * multipleOf);
    return Math.max(MIN_OVERLAP_PX, Math.ceil((2 * margin) / step) * step);
  });
}

/**
 * Finds the overlap of a network of one size: compares the answers to two tiles that are a quarter of a tile apart. Neighbouring tiles must share
 * twice the distance from the tiles' edges beyond which the answers agree, and a feather; at most half a tile.
 */
export async function findFixedOverlap(
  entry: ModelEntry,
  fixed: readonly [number, number],
  folder: string,
): Promise<number> {
  const { multipleOf } = entry.sizeRequirements;
  return withModel(entry, folder, async (model) => {
    const first = await model.run(scatteredTile(0, 0, ...fixed));
    let marginPx = 0;
    for (const axis of [0, 1] as const) {
      const quarter = multipleOf * Math.max(1, Math.round(fixed[axis] / 4 / multipleOf));
      marginPx = Math.max(marginPx, (await movedFrom(first, model, axis, quarter)).margin);
    }
    return Math.min(Math.floor(Math.min(...fixed) / 2), 2 * marginPx + FEATHER_PX);
  });
}

/** How the answers to two overlapping tiles differ. */
interface Difference {
  /** Input pixels from the nearer edge of the shared area to the innermost visible difference. */
  readonly margin: number;
  /** Mean difference in the inner half of the shared area. */
  readonly inside: number;
}

/**
 * Compares with the answer to a tile shifted by `px` along an axis (0 across, 1 down).
 * @param first the answer to `scatteredTile` at 0, 0.
 */
export async function movedFrom(
  first: Raster<3>,
  model: TileModel,
  axis: 0 | 1,
  px: number,
): Promise<Difference> {
  const { scale } = model.entry;
  const [right, down] = axis === 0 ? [px, 0] : [0, px];
  const second = await model.run(scatteredTile(right, down, first.width / scale, first.height / scale));
  return difference(first, second, scale, axis, px);
}

/** @param second the answer to a tile that lies `px` further on the picture; with 0 it is the beginning of the first tile. */
function difference(first: Raster<3>, second: Raster<3>, scale: number, axis: 0 | 1, px: number): Difference {
  const [right, down] = axis === 0 ? [px * scale, 0] : [0, px * scale];
  const width = Math.min(first.width - right, second.width);
  const height = Math.min(first.height - down, second.height);
  const shared = (axis === 0 ? width : height) / scale;
  let margin = 0;
  let sum = 0;
  let samples = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const place = Math.floor((axis === 0 ? x : y) / scale);
      const toEdge = px === 0 ? shared - place : Math.min(place + 1, shared - place);
      for (let c = 0; c < 3; c++) {
        const a = first.data[((y + down) * first.width + x + right) * 3 + c] ?? 0;
        const b = second.data[(y * second.width + x) * 3 + c] ?? 0;
        const apart = Math.abs(a - b);
        if (apart > INVISIBLE) margin = Math.max(margin, toEdge);
        if (4 * toEdge > shared) {
          sum += apart;
          samples++;
        }
      }
    }
  return { margin, inside: samples === 0 ? 0 : sum / samples };
}
