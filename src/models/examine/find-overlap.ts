import { FEATHER_PX } from '../../tiling/plan.js';
import type { Raster } from '../../tiling/raster.js';
import type { ModelEntry } from '../manifest-entry.js';
import { warmUpTile } from '../onnx/warm-up.js';
import type { TileModel } from '../tile-model.js';
import { scatteredTile, trialSide, withModel } from './trial.js';

/** Less is not worth a seam. */
const MIN_OVERLAP_PX = 8;
/**
 * Cuts a tile off at one side and looks how far from the cut the answer differs from the whole tile's: twice that is
 * what neighbouring tiles must share. For a network that takes any size.
 */
export async function findOverlap(entry: ModelEntry, folder: string): Promise<number> {
  const { multipleOf } = entry.sizeRequirements;
  const side = trialSide(multipleOf);
  const long = warmUpTile(4 * side, side);
  const short = leftPart(long, 2 * side);
  return withModel(entry, folder, async (model) => {
    const whole = await model.run(long);
    const cut = await model.run(short);
    const marginPx = Math.ceil(reach(whole, cut) / entry.scale);
    // Half of it on each side of a seam.
    const step = multipleOf % 2 === 0 ? Math.max(4, multipleOf) : Math.max(4, 2 * multipleOf);
    return Math.max(MIN_OVERLAP_PX, Math.ceil((2 * marginPx) / step) * step);
  });
}

function leftPart(tile: Raster<3>, width: number): Raster<3> {
  const data = new Uint8Array(width * tile.height * 3);
  for (let y = 0; y < tile.height; y++)
    data.set(tile.data.subarray(y * tile.width * 3, (y * tile.width + width) * 3), y * width * 3);
  return { data, width, height: tile.height, channels: 3 };
}

/** Columns from the cut's right edge to the innermost one that differs visibly. */
function reach(whole: Raster<3>, cut: Raster<3>): number {
  for (let x = 0; x < cut.width; x++)
    for (let y = 0; y < cut.height; y++)
      for (let c = 0; c < 3; c++) {
        const a = whole.data[(y * whole.width + x) * 3 + c] ?? 0;
        const b = cut.data[(y * cut.width + x) * 3 + c] ?? 0;
        if (Math.abs(a - b) > INVISIBLE) return cut.width - x;
      }
  return 0;
}

/**
 * What neighbouring tiles of a network of one size must share: two tiles that lie a quarter apart on a picture are compared where both
 * see it. They share twice the distance from their edges from which on they agree, and a feather beyond it; half a tile at most.
 */
export async function findFixedOverlap(
  entry: ModelEntry,
  fixed: readonly [number, number],
  folder: string,
): Promise<number> {
  const { multipleOf } = entry.sizeRequirements;
  const most = Math.floor(Math.min(...fixed) / 2);
  return withModel(entry, folder, async (model) => {
    const first = await model.run(scatteredTile(0, 0, ...fixed));
    let marginPx = 0;
    for (const axis of [0, 1] as const) {
      const { margin } = await movedFrom(first, model, axis, about(fixed[axis] / 4, multipleOf));
      marginPx = Math.max(marginPx, margin);
    }
    return Math.min(most, 2 * marginPx + FEATHER_PX);
  });
}

/** @returns the multiple of a number that is nearest to `px`, and not 0. */
function about(px: number, multipleOf: number): number {
  return multipleOf * Math.max(1, Math.round(px / multipleOf));
}

/** Samples beyond a seam may differ by this much. */
export const INVISIBLE = 1;

/** How the answers to two tiles differ, the second of which lies further on the picture. */
interface Difference {
  /** Input pixels from the nearer of both edges to the innermost visible difference. */
  readonly margin: number;
  /** Mean, in the inner half of what both see. */
  readonly inside: number;
}

/** @param first the answer to the tile at the picture's corner. */
export async function movedFrom(
  first: Raster<3>,
  model: TileModel,
  axis: 0 | 1,
  px: number,
): Promise<Difference> {
  const { scale } = model.entry;
  const width = first.width / scale;
  const height = first.height / scale;
  const [right, down] = axis === 0 ? [px, 0] : [0, px];
  const second = await model.run(scatteredTile(right, down, width, height));
  const shared = (axis === 0 ? width : height) - px;
  let margin = 0;
  let sum = 0;
  let samples = 0;
  for (let y = down * scale; y < first.height; y++)
    for (let x = right * scale; x < first.width; x++) {
      const place = Math.floor((axis === 0 ? x : y) / scale) - px;
      const toEdge = Math.min(place + 1, shared - place);
      for (let c = 0; c < 3; c++) {
        const a = first.data[(y * first.width + x) * 3 + c] ?? 0;
        const b = second.data[((y - down * scale) * second.width + x - right * scale) * 3 + c] ?? 0;
        const difference = Math.abs(a - b);
        if (difference > INVISIBLE) margin = Math.max(margin, toEdge);
        if (4 * toEdge > shared) {
          sum += difference;
          samples++;
        }
      }
    }
  return { margin, inside: samples === 0 ? 0 : sum / samples };
}
