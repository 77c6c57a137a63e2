import type { ModelEntry } from './manifest.js';

/** Reflected around the whole image before it is tiled, in input pixels: Real-ESRGAN's `pre_pad`. */
const BORDER_PX = 10;
/** Of the time left, what tiles may take: the rest is for decoding, blending and encoding. */
export const SHARE_FOR_TILES = 0.9;

/**
 * What a network would take for one image.
 * @param tileSizePx largest tile side.
 * @param passes 2 feeds the answer through the network again.
 * @returns seconds of computing, without waiting for other jobs.
 */
export function estimateSeconds(
  image: { readonly width: number; readonly height: number },
  entry: Pick<ModelEntry, 'scale' | 'overlapPx'>,
  tileSizePx: number,
  passes: 1 | 2,
  microsecondsPerPixel: number,
): number {
  let pixels = computedPixels(image.width, image.height, entry.overlapPx, tileSizePx);
  if (passes === 2)
    pixels += computedPixels(
      image.width * entry.scale,
      image.height * entry.scale,
      entry.overlapPx,
      tileSizePx,
    );
  return (pixels * microsecondsPerPixel) / 1e6;
}

/** Pixels that go through the network: the image with its border, and what neighbouring tiles share twice. */
function computedPixels(width: number, height: number, overlapPx: number, tileSizePx: number): number {
  return computedSide(width, overlapPx, tileSizePx) * computedSide(height, overlapPx, tileSizePx);
}

function computedSide(side: number, overlapPx: number, tileSizePx: number): number {
  const bordered = side + 2 * BORDER_PX;
  if (bordered <= tileSizePx) return bordered;
  const step = Math.max(1, tileSizePx - overlapPx);
  return bordered + (Math.ceil((bordered - overlapPx) / step) - 1) * overlapPx;
}
