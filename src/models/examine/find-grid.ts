import type { ModelEntry } from '../manifest-entry.js';
import { movedFrom } from './find-overlap.js';
import { scatteredTile, trialSide, withModel } from './trial.js';

/**
 * Grids that networks lay over their input (sides of windows, squares that are un-shuffled), or multiples of them: between them these have
 * 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 15, 16, 18, 20, 24, 28, 30, 32, 36, 48, 56, 60, 64 and 72.
 */
const COARSE_GRIDS_PX = [64, 48, 56, 60, 72];
/** Of a network of one size, which bounds its grid. */
const COARSEST_GRID_PX = 128;
/** Primes that divide none of these grids: a move by so many times a grid is no move by a coarser one. */
const MOVES = [1, 11, 13, 17, 19, 23, 29, 31];
/** Mean differences below this are rounding. */
const NO_DIFFERENCE = 0.1;
/** A grid must make the answers so many times more alike than a finer one. */
const CLEARLY = 3;

/**
 * The grid that a network lays over its input: windows, or squares that it un-shuffles. What lies elsewhere in the grid is answered
 * otherwise, so tiles must begin at multiples of it. A file may take any size, or one alone, and say nothing of it.
 * @param entry its `multipleOf` is the finest that is tried.
 * @returns the finest grid whose tiles agree as well as any.
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

/** The finest grid that is as good, of those that a good one is a multiple of. */
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

/** A move to the right by about a quarter of the width, and half at most, that keeps this grid in place and no coarser one. */
function moveOf(grid: number, width: number): number {
  const moves = MOVES.map((times) => times * grid).filter((px) => px <= width / 2);
  const distance = (px: number) => Math.abs(px - width / 4);
  return moves.reduce((best, px) => (distance(px) < distance(best) ? px : best), grid);
}

/** Of the grids that a network of one size may have, those that divide no other: twice at least in both its sides. */
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
