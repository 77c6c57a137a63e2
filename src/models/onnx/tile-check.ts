import type { Raster } from '../../tiling/raster.js';
import { type Region, regionsOf } from './tile-region.js';

/*
 * Checks that an answer is its tile, enlarged. A network may change detail finer than a cell, and in regions with much detail the means too: a
 * denoiser removes noise from them. The figures are in docs/pixels.md, from `bench/tile-check.ts`: the bounds are two and a half to three
 * times the worst case of any network on any picture.
 */

/** A channel of a region may differ by this much … */
const LIKELY_DRIFT = 40;
/** … plus the square of the deviation within its cells, divided by this. */
const LIKELY_BY_DETAIL = 45;

/** Most answers differ less than this, and are checked no further. */
const SUSPICIOUS = 8;
/** An answer this many times nearer to a changed tile was made from the changed tile. */
const NEARER = 4;
/** Smaller regions are noisier: they may differ twice as much, and are not compared with shifted tiles. */
const MIN_CELLS = 24;
/** Smaller regions are not compared with swapped or misread tiles either. */
const MIN_CELLS_FOR_COLOURS = 9;
/** Shifts in input pixels, in each direction. */
const SHIFTS_PX = [4, 6, 8, 10, 12, 14, 16];

/** The effect of inversion and of wrong ranges on a sample. Tried when a region differs by more than is likely. */
const MISREADINGS: readonly ((value: number) => number)[] = [
  (value) => 255 - value,
  (value) => Math.max(0, 2 * value - 255),
  (value) => (value + 255) / 2,
];

/** How an answer differs from its tile; each figure is of the worst region. */
export interface Comparison {
  /** Difference of a channel divided by the likely one; above 1 the answer is another picture. */
  readonly far: number;
  /** How many times nearer it is to the tile with red and blue swapped; 0 when that was not compared. */
  readonly swapped: number;
  /** The same for the tile inverted, or read in a wrong range. */
  readonly misread: number;
  /** The same for the tile shifted by `movedPx`. */
  readonly moved: number;
  readonly movedPx: number;
}

/** @returns a sentence that says how the answer is wrong; undefined when it may be the tile enlarged. */
export function faultOfAnswer(tile: Raster<3>, answer: Raster<3>): string | undefined {
  const { far, swapped, moved, movedPx, misread } = compareWithTile(tile, answer);
  const made = 'The answer, made small again, is not the tile that the model was given';
  if (swapped > NEARER) return `${made}: red and blue are swapped.`;
  if (moved > NEARER) return `${made}: it is moved by about ${movedPx} pixels.`;
  if (misread > NEARER) return `${made}: it is inverted, or its range is another.`;
  return far > 1
    ? `${made}: a part of it differs ${far.toFixed(1)} times as much as can be right.`
    : undefined;
}

/** Takes 3 to 7 ns per pixel of the tile. @param answer `tile` enlarged by an integer. */
export function compareWithTile(tile: Raster<3>, answer: Raster<3>): Comparison {
  const worst = { far: 0, swapped: 0, misread: 0, moved: 0, movedPx: 0 };
  for (const region of regionsOf(tile, answer)) {
    worst.far = Math.max(worst.far, far(region));
    if (region.difference < SUSPICIOUS || region.cells < MIN_CELLS_FOR_COLOURS) continue;
    worst.swapped = Math.max(worst.swapped, region.nearerToSwapped());
    if (region.difference > LIKELY_DRIFT)
      for (const misread of MISREADINGS)
        worst.misread = Math.max(worst.misread, region.nearerToChanged(misread));
    for (const px of region.cells < MIN_CELLS ? [] : SHIFTS_PX) {
      const moved = nearerToMoved(region, px);
      if (moved > worst.moved) Object.assign(worst, { moved, movedPx: px });
    }
  }
  return worst;
}

function far(region: Region): number {
  const likely = LIKELY_DRIFT + region.detail ** 2 / LIKELY_BY_DETAIL;
  return region.differenceOfChannel() / (region.cells < MIN_CELLS ? 2 * likely : likely);
}

function nearerToMoved(region: Region, px: number): number {
  const shifts = [
    region.nearerToMoved(px, 0),
    region.nearerToMoved(-px, 0),
    region.nearerToMoved(0, px),
    region.nearerToMoved(0, -px),
  ];
  return Math.max(...shifts.map(({ nearer, cells }) => (cells < MIN_CELLS ? 0 : nearer)));
}
