import { findFixedOverlap, findGrid, findOverlap } from './find-overlap.js';
import { findRange } from './find-range.js';
import { UnfitModel } from './inspect-model.js';
import type { ModelEntry } from './manifest.js';
import type { TileModel } from './tile-model.js';
import { faultOf, likenessOf, SAME_PICTURE_DB, TRIAL_SIDE_PX, withModel } from './trial.js';
import { warmUpTile } from './warm-up.js';

/** What only running a network tells of it. */
export type Probed = Pick<ModelEntry, 'range' | 'outputRange' | 'sizeRequirements' | 'overlapPx'>;

const MULTIPLES = [1, 2, 4, 8, 16, 32, 64];

/**
 * Runs tiles through a network to find the ranges of its samples, the sizes it takes, the grid it lays over its input, and how far its
 * answers depend on what is around.
 * @param candidate an entry with what the file declares; the rest of it is not looked at.
 * @throws UnfitModel when no range gives back the picture.
 */
export async function probeModel(candidate: ModelEntry, folder: string): Promise<Probed> {
  const ranges = await findRange(candidate, folder);
  const ranged: ModelEntry = { ...candidate, ...ranges };
  const fault = await faultOf(ranged, folder);
  if (fault !== undefined) throw new UnfitModel(fault);
  const withSizes = (sizeRequirements: ModelEntry['sizeRequirements']) => ({ ...ranged, sizeRequirements });
  const { fixed } = candidate.sizeRequirements;
  if (fixed !== undefined) {
    const multipleOf = await findGrid(withSizes({ minimum: 1, multipleOf: 1, fixed }), folder);
    const sizeRequirements = { minimum: 1, multipleOf, fixed };
    const overlapPx = await findFixedOverlap(withSizes(sizeRequirements), fixed, folder);
    return { ...ranges, sizeRequirements, overlapPx };
  }
  const taken = await findMultiple(ranged, folder);
  const multipleOf = await findGrid(withSizes({ minimum: 1, multipleOf: taken }), folder);
  const minimum = await findMinimum(withSizes({ minimum: 1, multipleOf }), folder);
  const sizeRequirements = { minimum, multipleOf };
  return { ...ranges, sizeRequirements, overlapPx: await findOverlap(withSizes(sizeRequirements), folder) };
}

/** The smallest multiple whose odd multiples work too, with the right size and picture. */
async function findMultiple(entry: ModelEntry, folder: string): Promise<number> {
  return withModel({ ...entry, sizeRequirements: { minimum: 1, multipleOf: 1 } }, folder, async (model) => {
    for (const multiple of MULTIPLES) if (await takes(model, TRIAL_SIDE_PX + multiple)) return multiple;
    throw new UnfitModel(
      `Expected sides that are multiples of ${MULTIPLES.join(', ')} to work but none does.`,
    );
  });
}

async function findMinimum(entry: ModelEntry, folder: string): Promise<number> {
  const { multipleOf } = entry.sizeRequirements;
  return withModel(entry, folder, async (model) => {
    for (const side of MULTIPLES) if (side >= multipleOf && (await takes(model, side))) return side;
    return TRIAL_SIDE_PX;
  });
}

async function takes(model: TileModel, side: number): Promise<boolean> {
  const likeness = await likenessOf(model, warmUpTile(side, side));
  return typeof likeness === 'number' && likeness >= SAME_PICTURE_DB;
}
