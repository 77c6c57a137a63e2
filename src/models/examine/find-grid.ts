import type { ModelEntry } from '../manifest-entry.js';
import { trialSide } from '../onnx/warm-up.js';
import { movedFrom } from './find-overlap.js';
import { scatteredTile, withModel } from './trial.js';

/**
 * Multiples of the grids that networks use (sides of windows or of pixel-unshuffle blocks). Their divisors are 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14,
 * 15, 16, 18, 20, 24, 28, 30, 32, 36, 48, 56, 60, 64 and 72.
 */
const COARSE_GRIDS_PX = [64, 48, 56, 60, 72];
/** The coarsest grid tried for a network of one size. */
const COARSEST_GRID_PX = 128;
/** Primes that divide none of these grids, so that a multiple of one grid is no multiple of a coarser one. */
const MOVES = [1, 11, 13, 17, 19, 23, 29, 31];
/** Mean differences below this come from rounding. */
const NO_DIFFERENCE = 0.1;
/** A coarser grid must reduce the difference by this factor. */
const CLEARLY = 3;

/**
 * Finds the grid of a network that divides its input into windows or pixel-unshuffle blocks. Its answer depends on the position within the
 * grid, so tiles must begin at multiples of the grid, which no ONNX file declares.
 * @param entry its `multipleOf` is the finest grid tried.
 * @returns the finest grid whose shifted tiles agree as well as those of any other.
 */
export async function findGrid(entry: ModelEntry, folder: string): Promise<number> {
  const { multipleOf: finest, fixed } = entry.sizeRequirements;
  const side = trialSide(finest);
  const [width, height] = fixed ?? [2 * side, side];
  const coarse = fixed === undefined ? COARSE_GRIDS_PX.filter((grid) => grid <= side) : coarsestOf(fixed);
  return withModel(entry, folder, async (model) => {
    const first = await model.run(scatteredTile(0, 0, width, height));
    const differenceBy = async (grid: number) =>
      (await movedFrom(first, model, 0, moveOf(grid, width))).inside;
    let best = { grid: finest, difference: await differenceBy(finest) };
    const without = best.difference;
    for (const grid of coarse) {
      if (best.difference < NO_DIFFERENCE) break;
      if (grid % finest !== 0 || grid === finest) continue;
      const difference = await differenceBy(grid);
      if (difference < best.difference) best = { grid, difference };
    }
    const enough = Math.max(NO_DIFFERENCE, CLEARLY * best.difference);
    return without < enough
      ? finest
      : refined(best.grid, finest, async (grid) => (await differenceBy(grid)) < enough);
  });
}

/** @returns the finest divisor of a good grid that is good too. */
async function refined(
  coarse: number,
  finest: number,
  isGood: (grid: number) => Promise<boolean>,
): Promise<number> {
  let grid = coarse;
  for (const factor of [2, 3, 5, 7])
    while (grid % (factor * finest) === 0 && (await isGood(grid / factor))) grid /= factor;
  return grid;
}

/** @returns a shift of about a quarter of the width, and at most half, that is a multiple of this grid and of no coarser one. */
function moveOf(grid: number, width: number): number {
  const moves = MOVES.map((times) => times * grid).filter((px) => px <= width / 2);
  const distance = (px: number) => Math.abs(px - width / 4);
  return moves.reduce((best, px) => (distance(px) < distance(best) ? px : best), grid);
}

/** @returns the possible grids of a network of one size, at least twice in each side, without those that divide another. */
function coarsestOf([width, height]: readonly [number, number]): number[] {
  const grids = divisorsOf(width).filter(
    (grid) => height % grid === 0 && 2 * grid <= Math.min(width, height) && grid <= COARSEST_GRID_PX,
  );
  return grids.filter((grid) => !grids.some((other) => other > grid && other % grid === 0));
}

/** @returns ascending. */
export function divisorsOf(whole: number): number[] {
  return Array.from({ length: whole }, (_, index) => index + 1).filter((divisor) => whole % divisor === 0);
}
