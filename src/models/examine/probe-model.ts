import { UnfitModel } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';
import { warmUpTile } from '../onnx/warm-up.js';
import { SAME_PICTURE_DB } from '../providers/golden-tile.js';
import type { TileModel } from '../tile-model.js';
import { divisorsOf, findGrid } from './find-grid.js';
import { findFixedOverlap, findOverlap } from './find-overlap.js';
import { findRange, withRanges } from './find-range.js';
import { faultOf, likenessOf, withModel } from './trial.js';

/**
 * Runs tiles through a network to find its ranges, sizes, grid and overlap.
 * @param candidate an entry with what the file declares. If the network takes several sizes, `multipleOf` is a side that it computes.
 * @returns the complete entry.
 * @throws UnfitModel when the network reproduces the picture in no range.
 */
export async function probeModel(candidate: ModelEntry, folder: string): Promise<ModelEntry> {
  const ranged = withRanges(candidate, await findRange(candidate, folder));
  const fault = await faultOf(ranged, folder);
  if (fault !== undefined) throw new UnfitModel(fault);
  const withSizes = (sizeRequirements: ModelEntry['sizeRequirements']) => ({ ...ranged, sizeRequirements });
  const { fixed } = candidate.sizeRequirements;
  if (fixed !== undefined) {
    const multipleOf = await findGrid(withSizes({ minimum: 1, multipleOf: 1, fixed }), folder);
    const sized = withSizes({ minimum: 1, multipleOf, fixed });
    return { ...sized, overlapPx: await findFixedOverlap(sized, fixed, folder) };
  }
  const side = candidate.sizeRequirements.multipleOf;
  const taken = await findMultiple(ranged, side, folder);
  const multipleOf = await findGrid(withSizes({ minimum: 1, multipleOf: taken }), folder);
  const minimum = await findMinimum(withSizes({ minimum: 1, multipleOf }), side, folder);
  const sized = withSizes({ minimum, multipleOf });
  return { ...sized, overlapPx: await findOverlap(sized, folder) };
}

/**
 * Finds the number that sides must be multiples of. It divides every side that the network computes, so only the divisors of `side` are tried: the
 * answer is the smallest that can be added to `side`.
 */
async function findMultiple(entry: ModelEntry, side: number, folder: string): Promise<number> {
  return withModel({ ...entry, sizeRequirements: { minimum: 1, multipleOf: 1 } }, folder, async (model) => {
    for (const multiple of divisorsOf(side)) if (await takes(model, side + multiple)) return multiple;
    throw new UnfitModel(
      `It computes ${side}×${side} pixels, but of larger squares none that was tried, up to ${2 * side}×${2 * side}. Export it for any size, or for one alone.`,
    );
  });
}

/** @param side a side that the network computes. @returns the smallest of a few sides that it takes. */
async function findMinimum(entry: ModelEntry, side: number, folder: string): Promise<number> {
  const { multipleOf } = entry.sizeRequirements;
  return withModel(entry, folder, async (model) => {
    for (const times of [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]) {
      const tried = times * multipleOf;
      if (tried >= side) break;
      if (await takes(model, tried)) return tried;
    }
    return Math.ceil(side / multipleOf) * multipleOf;
  });
}

async function takes(model: TileModel, side: number): Promise<boolean> {
  const likeness = await likenessOf(model, warmUpTile(side, side));
  return typeof likeness === 'number' && likeness >= SAME_PICTURE_DB;
}
