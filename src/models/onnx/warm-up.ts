import { setImmediate as nextPass } from 'node:timers/promises';
import type { Raster } from '../../tiling/raster.js';
import type { ModelEntry } from '../manifest-entry.js';
import type { TileModel } from '../tile-model.js';

/** Large enough to measure, small enough that the slowest known model (180 µs per pixel) takes less than a second. */
const MEASURED_SIDE_PX = 64;
/** On a CPU the first run only loads code and weights. A GPU compiles or tunes kernels for the shape. */
const FIRST_SIDE_ON_CPU_PX = 16;
/** A tile of a fast model takes a millisecond, and a stall of the machine a hundred: the fastest of several tiles counts. */
const MEASURED_TILES = 5;
/** No more tiles are measured after this time. */
const ENOUGH_MS = 150;

/** A gradient in each channel and a checkerboard, so that a network with a flat answer is noticed. */
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

/** @returns the side of a small square tile. */
export function trialSide(multipleOf: number): number {
  return Math.ceil(MEASURED_SIDE_PX / multipleOf) * multipleOf;
}

/** @returns [width, height] of a small tile that a model takes: its fixed size, or a square. */
export function trialSize({ fixed, multipleOf }: ModelEntry['sizeRequirements']): readonly [number, number] {
  return fixed ?? [trialSide(multipleOf), trialSide(multipleOf)];
}

/**
 * Runs a model's first tiles: its memory is allocated, its kernels are tuned, and its speed is measured before it gets an image.
 * @throws TileFailure
 */
export async function warmUp(model: TileModel): Promise<TileSpeed> {
  const { fixed } = model.entry.sizeRequirements;
  const isSmall = model.provider === 'cpu' && fixed === undefined;
  const first = isSmall
    ? ([FIRST_SIDE_ON_CPU_PX, FIRST_SIDE_ON_CPU_PX] as const)
    : trialSize(model.entry.sizeRequirements);
  await model.run(warmUpTile(...first));
  return measureSpeed(model);
}

/** Pixels of a tile, and the time it took. */
interface TileSpeed {
  readonly inputPixels: number;
  readonly ms: number;
}

/** @returns the fastest of several tiles. @throws TileFailure */
export async function measureSpeed(model: TileModel): Promise<TileSpeed> {
  const [width, height] = trialSize(model.entry.sizeRequirements);
  const tile = warmUpTile(width, height);
  return { inputPixels: width * height, ms: await fastestRun(model, tile) };
}

/**
 * Runs a tile several times.
 * @param signal stops it before the next run. @returns milliseconds of the fastest run; Infinity when it was stopped before the first.
 */
export async function fastestRun(model: TileModel, tile: Raster<3>, signal?: AbortSignal): Promise<number> {
  let fastestMs = Number.POSITIVE_INFINITY;
  const startedMs = performance.now();
  for (let i = 0; i < MEASURED_TILES && performance.now() - startedMs < ENOUGH_MS && !signal?.aborted; i++) {
    // Where a tile blocks the event loop, a job that has come is heard of here.
    if (i > 0) await nextPass();
    const tileStartedMs = performance.now();
    await model.run(tile);
    fastestMs = Math.min(fastestMs, performance.now() - tileStartedMs);
  }
  return fastestMs;
}
