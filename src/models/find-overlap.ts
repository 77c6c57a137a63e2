import { FEATHER_PX } from '../tiling/plan.js';
import type { ModelEntry } from './manifest.js';
import type { RgbPixels, TileModel } from './tile-model.js';
import { scatteredTile, TRIAL_SIDE_PX, withModel } from './trial.js';
import { warmUpTile } from './warm-up.js';

/** Samples beyond a seam may differ by this much. */
const INVISIBLE = 1;
/** Less is not worth a seam. */
const LEAST_OVERLAP_PX = 8;
/** Grids that networks lay over their input: sides of windows, squares that are un-shuffled. */
const GRIDS_PX = [1, 2, 4, 8, 16, 32, 64];
/** Mean differences below this are rounding. */
const NO_DIFFERENCE = 0.1;
/** A grid must make the answers so many times more alike than a finer one. */
const CLEARLY = 3;

/**
 * Cuts a tile off at one side and looks how far from the cut the answer differs from the whole tile's: twice that is
 * what neighbouring tiles must share. For a network that takes any size.
 */
export async function findOverlap(entry: ModelEntry, folder: string): Promise<number> {
  const { multipleOf } = entry.sizeRequirements;
  const long = warmUpTile(4 * TRIAL_SIDE_PX, TRIAL_SIDE_PX);
  const short = leftPart(long, 2 * TRIAL_SIDE_PX);
  return withModel(entry, folder, async (model) => {
    const whole = await model.run(long);
    const cut = await model.run(short);
    const marginPx = Math.ceil(reach(whole, cut) / entry.scale);
    const step = Math.max(4, 2 * multipleOf);
    return Math.max(LEAST_OVERLAP_PX, Math.ceil((2 * marginPx) / step) * step);
  });
}

function leftPart(tile: RgbPixels, width: number): RgbPixels {
  const data = new Uint8Array(width * tile.height * 3);
  for (let y = 0; y < tile.height; y++)
    data.set(tile.data.subarray(y * tile.width * 3, (y * tile.width + width) * 3), y * width * 3);
  return { data, width, height: tile.height };
}

/** Columns from the cut's right edge to the innermost one that differs visibly. */
function reach(whole: RgbPixels, cut: RgbPixels): number {
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
 * The grid that a network lays over its input: windows, or squares that it un-shuffles. What lies elsewhere in the grid is answered
 * otherwise, so tiles must begin at multiples of it. A file may take any size, or one alone, and say nothing of it.
 * @param entry its `multipleOf` is the least that is tried.
 * @returns the finest grid whose tiles agree as well as any.
 */
export async function findGrid(entry: ModelEntry, folder: string): Promise<number> {
  const { multipleOf, fixed } = entry.sizeRequirements;
  const [width, height] = fixed ?? [2 * TRIAL_SIDE_PX, TRIAL_SIDE_PX];
  const grids = GRIDS_PX.filter(
    (grid) =>
      grid % multipleOf === 0 &&
      (fixed === undefined ||
        (width % grid === 0 && height % grid === 0 && 2 * grid <= Math.min(width, height))),
  );
  return withModel(entry, folder, async (model) => {
    const first = await model.run(scatteredTile(0, 0, width, height));
    const differences: number[] = [];
    for (const grid of grids) {
      const difference = (await movedFrom(first, model, 0, shiftOf(grid, width / 4))).inside;
      if (difference < NO_DIFFERENCE) return grid;
      differences.push(difference);
    }
    const least = Math.min(...differences);
    return grids.find((_, index) => (differences[index] ?? 0) < CLEARLY * least) ?? multipleOf;
  });
}

/** About `px`, a multiple of the grid and of no coarser one. */
function shiftOf(grid: number, px: number): number {
  return grid * (2 * Math.max(0, Math.round((px / grid - 1) / 2)) + 1);
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
      const { margin } = await movedFrom(first, model, axis, shiftOf(multipleOf, fixed[axis] / 4));
      marginPx = Math.max(marginPx, margin);
    }
    return Math.min(most, 2 * marginPx + FEATHER_PX);
  });
}

/** How the answers to two tiles differ, the second of which lies further on the picture. */
interface Difference {
  /** Input pixels from the nearer of both edges to the innermost visible difference. */
  readonly margin: number;
  /** Mean, in the inner half of what both see. */
  readonly inside: number;
}

/** @param first the answer to the tile at the picture's corner. */
async function movedFrom(first: RgbPixels, model: TileModel, axis: 0 | 1, px: number): Promise<Difference> {
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
