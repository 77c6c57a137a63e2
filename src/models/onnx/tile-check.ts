import type { Raster } from '../../tiling/raster.js';
import { type Region, regionsOf } from './tile-region.js';

/*
 * Whether an answer is its tile, enlarged. What is finer than a cell of a region a network may change as it likes, and the means too where
 * there is much of it: a denoiser takes the noise out of them. The figures are in docs/pixels.md, from `bench/tile-check.ts`:
 * bounds are two and a half to three times the worst of any network on any picture.
 */

/** A channel of a region may differ by so much … */
const LIKELY_DRIFT = 40;
/** … and by the square of the deviation inside of its cells over this. */
const LIKELY_BY_DETAIL = 45;

/** Below this difference nothing else is looked for: that of most answers. */
const SUSPICIOUS = 8;
/** An answer so many times nearer to a picture that the tile is not was made from that picture. */
const NEARER = 4;
/** In fewer cells chance weighs more: they may differ twice as much, and no move is looked for. */
const MIN_CELLS = 24;
/** With fewer cells no swap and no misreading is looked for either. */
const MIN_CELLS_FOR_COLOURS = 9;
/** Input pixels, in each direction. */
const MOVES_PX = [4, 6, 8, 10, 12, 14, 16];

/** What inverting, and a mistaken range, make of a sample. Looked for where the region differs by more than is likely. */
const MISREADINGS: readonly ((value: number) => number)[] = [
  (value) => 255 - value,
  (value) => Math.max(0, 2 * value - 255),
  (value) => (value + 255) / 2,
];

/** How an answer compares with its tile: the worst of its regions. */
export interface Comparison {
  /** Difference of a channel, as a share of what is likely; above 1 it is another picture. */
  readonly far: number;
  /** How many times nearer it is to the tile with red and blue swapped; 0 where nothing was suspicious. */
  readonly swapped: number;
  /** The same for the tile inverted, or in a range misread. */
  readonly misread: number;
  /** The same for the tile moved by `movedPx`. */
  readonly moved: number;
  readonly movedPx: number;
}

/** @returns what is wrong with an answer, in a sentence; undefined where it may well be the tile enlarged. */
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

/** @param answer `tile` enlarged by a whole number. Takes 3 to 7 ns for each pixel of the tile. */
export function compareWithTile(tile: Raster<3>, answer: Raster<3>): Comparison {
  const worst = { far: 0, swapped: 0, misread: 0, moved: 0, movedPx: 0 };
  for (const region of regionsOf(tile, answer)) {
    worst.far = Math.max(worst.far, far(region));
    if (region.difference < SUSPICIOUS || region.cells < MIN_CELLS_FOR_COLOURS) continue;
    worst.swapped = Math.max(worst.swapped, region.nearerToSwapped());
    if (region.difference > LIKELY_DRIFT)
      for (const misread of MISREADINGS)
        worst.misread = Math.max(worst.misread, region.nearerToChanged(misread));
    for (const px of region.cells < MIN_CELLS ? [] : MOVES_PX) {
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
  const moves = [
    region.nearerToMoved(px, 0),
    region.nearerToMoved(-px, 0),
    region.nearerToMoved(0, px),
    region.nearerToMoved(0, -px),
  ];
  return Math.max(...moves.map(({ nearer, cells }) => (cells < MIN_CELLS ? 0 : nearer)));
}
