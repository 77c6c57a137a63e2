import type { Raster } from '../../tiling/raster.js';
import type { TileModel } from '../tile-model.js';

/** Large enough to be measured, small enough that the slowest known model (180 µs per pixel) is done in a second. */
const MEASURED_SIDE_PX = 64;
/** On a CPU the first run only has to touch code and weights. A GPU compiles or tunes for the shape. */
const FIRST_SIDE_ON_CPU_PX = 16;
/** A tile of a fast model takes a millisecond, and a stall of the machine a hundred: of several tiles the fastest counts. */
const MEASURED_TILES = 5;
/** A tile that takes this long says enough by itself. */
const ENOUGH_MS = 150;

/** A made-up picture: a slope in each channel and a checkerboard, so that a dead network's flat answer shows. */
export function warmUpTile(width: number, height: number): Raster<3> {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const square = ((x >> 2) + (y >> 2)) % 2 === 0 ? 40 : 0;
      data[i++] = 30 + (180 * x) / width + square;
      data[i++] = 30 + (180 * y) / height + square;
      data[i++] = 200 - (160 * (x + y)) / (width + height) + square;
    }
  }
  return { data, width, height, channels: 3 };
}

/**
 * First tiles through a model: its memory is allocated, its kernels are tuned, and its speed is known before an image is
 * entrusted to it.
 * @returns what the fastest tile took.
 * @throws TileFailure when the model cannot do even that.
 */
export async function warmUp(model: TileModel): Promise<{ inputPixels: number; ms: number }> {
  const { fixed } = model.entry.sizeRequirements;
  const [width, height] = fixed ?? [MEASURED_SIDE_PX, MEASURED_SIDE_PX];
  const firstSide = model.provider === 'cpu' ? FIRST_SIDE_ON_CPU_PX : MEASURED_SIDE_PX;
  await model.run(fixed === undefined ? warmUpTile(firstSide, firstSide) : warmUpTile(width, height));
  const tile = warmUpTile(width, height);
  let fastestMs = Number.POSITIVE_INFINITY;
  const startedMs = performance.now();
  for (let i = 0; i < MEASURED_TILES && performance.now() - startedMs < ENOUGH_MS; i++) {
    const tileStartedMs = performance.now();
    await model.run(tile);
    fastestMs = Math.min(fastestMs, performance.now() - tileStartedMs);
  }
  return { inputPixels: width * height, ms: fastestMs };
}
