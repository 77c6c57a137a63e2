import { UnfitModel } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';
import { warmUpTile } from '../onnx/warm-up.js';
import type { TileModel } from '../tile-model.js';
import { divisorsOf, findGrid } from './find-grid.js';
import { findFixedOverlap, findOverlap } from './find-overlap.js';
import { findRange, withRanges } from './find-range.js';
import { faultOf, likenessOf, SAME_PICTURE_DB, withModel } from './trial.js';

/**
 * Runs tiles through a network to find the ranges of its samples, the sizes it takes, the grid it lays over its input, and how far its
 * answers depend on what is around.
 * @param candidate an entry with what the file declares; where it takes more than one size, its `multipleOf` is a side that it computes. The rest
 * of it is not looked at.
 * @returns the whole entry.
 * @throws UnfitModel when no range gives back the picture.
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
 * The number that sides must be multiples of. A side that it computes is a multiple of it, so only what divides that side is tried: the
 * smallest that may be added to it, with the right size and picture.
 */
async function findMultiple(entry: ModelEntry, side: number, folder: string): Promise<number> {
  return withModel({ ...entry, sizeRequirements: { minimum: 1, multipleOf: 1 } }, folder, async (model) => {
    for (const multiple of divisorsOf(side)) if (await takes(model, side + multiple)) return multiple;
    throw new UnfitModel(
      `It computes ${side}×${side} pixels, but of larger squares none that was tried, up to ${2 * side}×${2 * side}. Export it for any size, or for one alone.`,
    );
  });
}

/** The smallest side that it takes, of a few. @param side one that it computes. */
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
