import { borderedSpan, tileCount, tilesAtOnce } from '../../tiling/plan.js';
import { type GridTerms, tileGrid } from './tile-grid.js';

/** Of the time left, what tiles may take: the rest is for what estimates miss. */
export const SHARE_FOR_TILES = 0.9;

/**
 * What a network would take for one image: the pixels of all its tiles at the measured speed, and tile workers that stay idle at the end.
 * @param image with the number of its rasters, all of one size. @param passes 2 feeds the answer through the network again.
 * @returns seconds of computing, without waiting for other jobs.
 */
export function estimateSeconds(
  image: { readonly width: number; readonly height: number; readonly rasters: 1 | 2 },
  terms: GridTerms & { readonly microsecondsPerPixel: number },
  overlapPx: number,
  passes: 1 | 2,
): number {
  const { scale } = terms.model.entry;
  let pixels = computedPixels(image.width, image.height, terms, overlapPx);
  if (passes === 2) pixels += computedPixels(image.width * scale, image.height * scale, terms, overlapPx);
  return (image.rasters * pixels * terms.microsecondsPerPixel) / 1e6;
}

function computedPixels(width: number, height: number, terms: GridTerms, overlapPx: number): number {
  const grid = tileGrid(borderedSpan(width), borderedSpan(height), terms, overlapPx);
  const tiles = tileCount(grid);
  const atOnce = tilesAtOnce(tiles, terms.tileWorkers);
  return Math.ceil(tiles / atOnce) * atOnce * grid.columns.tileLength * grid.rows.tileLength;
}
