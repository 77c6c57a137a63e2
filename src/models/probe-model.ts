import { downscaledLikeness } from './golden-tile.js';
import { UnfitModel } from './inspect-model.js';
import type { ModelEntry } from './manifest.js';
import { openModel } from './session.js';
import type { RgbPixels, TileModel } from './tile-model.js';
import { warmUpTile } from './warm-up.js';

/** What only running a network tells of it. */
export type Probed = Pick<ModelEntry, 'range' | 'sizeRequirements' | 'overlapPx'>;

/** The answer made small again must be the tile to this degree: colours in place, no range mistaken. */
const SAME_PICTURE_DB = 20;
/** A side that suits every known network: a multiple of 64. */
const SIDE_PX = 64;
const MULTIPLES = [1, 2, 4, 8, 16, 32, 64];
/** For a network whose size is fixed, where no margin can be measured. */
const OVERLAP_OF_FIXED_PX = 32;
/** Samples beyond a seam may differ by this much. */
const INVISIBLE = 1;

/**
 * Runs tiles through a network to find the range of its samples, the sizes it takes, and how far its answers depend on
 * what is around.
 * @param candidate an entry with what the file declares; the rest of it is not looked at.
 * @throws UnfitModel when no range gives back the picture.
 */
export async function probeModel(candidate: ModelEntry, folder: string): Promise<Probed> {
  const range = await findRange(candidate, folder);
  const ranged: ModelEntry = { ...candidate, range };
  const { fixed } = candidate.sizeRequirements;
  if (fixed !== undefined) {
    const overlapPx = Math.min(OVERLAP_OF_FIXED_PX, Math.floor(Math.min(...fixed) / 4));
    return { range, sizeRequirements: { minimum: 1, multipleOf: 1, fixed }, overlapPx };
  }
  const multipleOf = await findMultiple(ranged, folder);
  const minimum = await findMinimum({ ...ranged, sizeRequirements: { minimum: 1, multipleOf } }, folder);
  const sizeRequirements = { minimum, multipleOf };
  return { range, sizeRequirements, overlapPx: await findOverlap({ ...ranged, sizeRequirements }, folder) };
}

async function withModel<T>(
  entry: ModelEntry,
  folder: string,
  use: (model: TileModel) => Promise<T>,
): Promise<T> {
  const model = await openModel(entry, folder, 'cpu', { threads: 2 });
  try {
    return await use(model);
  } finally {
    await model.release();
  }
}

/** 1 where that gives the picture back, else 255. Networks that do not mind get 1, as nearly all of them want. */
async function findRange(candidate: ModelEntry, folder: string): Promise<number> {
  const [width, height] = candidate.sizeRequirements.fixed ?? [SIDE_PX, SIDE_PX];
  const tile = warmUpTile(width, height);
  const found: string[] = [];
  for (const range of candidate.dtype === 'uint8' ? [255] : [1, 255]) {
    const likeness = await withModel({ ...candidate, range }, folder, (model) => likenessOf(model, tile));
    if (typeof likeness === 'number' && likeness >= SAME_PICTURE_DB) return range;
    found.push(`${range}: ${typeof likeness === 'number' ? `${likeness.toFixed(1)} dB` : likeness}`);
  }
  throw new UnfitModel(
    `Expected the picture enlarged, but its answers are another picture (by range of the samples, ${found.join('; ')}; at least ${SAME_PICTURE_DB} dB are needed). Does it take something else than RGB?`,
  );
}

async function likenessOf(model: TileModel, tile: RgbPixels): Promise<number | string> {
  try {
    return downscaledLikeness(await model.run(tile), tile);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The smallest multiple whose odd multiples work too, with the right size and picture. */
async function findMultiple(entry: ModelEntry, folder: string): Promise<number> {
  return withModel({ ...entry, sizeRequirements: { minimum: 1, multipleOf: 1 } }, folder, async (model) => {
    for (const multiple of MULTIPLES) if (await takes(model, SIDE_PX + multiple)) return multiple;
    throw new UnfitModel(
      `Expected sides that are multiples of ${MULTIPLES.join(', ')} to work but none does.`,
    );
  });
}

async function findMinimum(entry: ModelEntry, folder: string): Promise<number> {
  const { multipleOf } = entry.sizeRequirements;
  return withModel(entry, folder, async (model) => {
    for (const side of MULTIPLES) if (side >= multipleOf && (await takes(model, side))) return side;
    return SIDE_PX;
  });
}

async function takes(model: TileModel, side: number): Promise<boolean> {
  const likeness = await likenessOf(model, warmUpTile(side, side));
  return typeof likeness === 'number' && likeness >= SAME_PICTURE_DB;
}

/**
 * Cuts a tile off at one side and looks how far from the cut the answer differs from the whole tile's: twice that is
 * what neighbouring tiles must share.
 */
async function findOverlap(entry: ModelEntry, folder: string): Promise<number> {
  const { multipleOf } = entry.sizeRequirements;
  const long = warmUpTile(4 * SIDE_PX, SIDE_PX);
  const cutWidth = 2 * SIDE_PX;
  const short: RgbPixels = { data: new Uint8Array(cutWidth * SIDE_PX * 3), width: cutWidth, height: SIDE_PX };
  for (let y = 0; y < SIDE_PX; y++)
    short.data.set(long.data.subarray(y * long.width * 3, (y * long.width + cutWidth) * 3), y * cutWidth * 3);
  return withModel(entry, folder, async (model) => {
    const whole = await model.run(long);
    const cut = await model.run(short);
    const marginPx = Math.ceil(reach(whole, cut) / entry.scale);
    const step = Math.max(4, 2 * multipleOf);
    return Math.max(8, Math.ceil((2 * marginPx) / step) * step);
  });
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
