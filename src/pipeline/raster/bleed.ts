import type { Raster, Samples } from '../../tiling/raster.js';
import { blocks } from './blocks.js';

/** Opacity (of 1) below which a pixel's own colour is not trusted, because encoders leave anything there. */
const TRUSTED_OPACITY = 0.03;

/** Weighted colours at one level of the pyramid: four floats per pixel (R, G, B times weight, and weight). */
interface Level {
  readonly width: number;
  readonly height: number;
  readonly sums: Float32Array;
}

/**
 * Gives transparent pixels the colours of their opaque neighbours, in place, so that the network sees no edge where
 * only the opacity has one. Otherwise black under the transparency comes back as a dark fringe. It uses a pyramid
 * (push-pull, after Gortler et al., "The Lumigraph", 1996): each level averages the opaque pixels of 2 x 2, and holes
 * are filled from the nearest level without a hole there. Linear in the number of pixels; the event loop goes on
 * meanwhile.
 * @param colour RGB.
 * @param alpha one channel of the same size and sample type.
 */
export async function bleedColours(colour: Raster, alpha: Raster): Promise<void> {
  const opaque = alpha.data instanceof Uint16Array ? 65535 : 255;
  const threshold = opaque * TRUSTED_OPACITY;
  if (!(await hasHoles(alpha, threshold))) return;
  const levels = [await firstLevel(colour, alpha, threshold)];
  for (let level = levels[0]; level !== undefined && (level.width > 1 || level.height > 1); ) {
    level = await halved(level);
    levels.push(level);
  }
  for (let index = levels.length - 2; index >= 0; index -= 1) {
    const coarse = levels[index + 1];
    const fine = levels[index];
    if (coarse !== undefined && fine !== undefined) await fillHoles(fine, coarse);
  }
  const filled = levels[0];
  if (filled === undefined) return;
  for await (const { left, top, right, bottom } of blocks(colour.width, colour.height)) {
    for (let y = top; y < bottom; y += 1)
      for (let x = left; x < right; x += 1) {
        const pixel = y * colour.width + x;
        if ((alpha.data[pixel] ?? 0) >= threshold) continue;
        const from = ((y >> 1) * filled.width + (x >> 1)) * 4;
        const weight = filled.sums[from + 3] ?? 0;
        for (let channel = 0; channel < 3; channel += 1)
          colour.data[pixel * 3 + channel] =
            weight > 0 ? Math.round((filled.sums[from + channel] ?? 0) / weight) : 0;
      }
  }
}

async function hasHoles(alpha: Raster, threshold: number): Promise<boolean> {
  for await (const { left, top, right, bottom } of blocks(alpha.width, alpha.height)) {
    const holes = (opacity: number) => opacity < threshold;
    for (let y = top; y < bottom; y += 1)
      if (alpha.data.subarray(y * alpha.width + left, y * alpha.width + right).some(holes)) return true;
  }
  return false;
}

/** The first level has half the image's size, which saves a copy of the image in floats. */
async function firstLevel(colour: Raster, alpha: Raster, threshold: number): Promise<Level> {
  const width = Math.ceil(colour.width / 2);
  const height = Math.ceil(colour.height / 2);
  const sums = new Float32Array(width * height * 4);
  for await (const { left, top, right, bottom } of blocks(colour.width, colour.height)) {
    for (let y = top; y < bottom; y += 1)
      for (let x = left; x < right; x += 1) {
        const pixel = y * colour.width + x;
        const weight = alpha.data[pixel] ?? 0;
        if (weight < threshold) continue;
        addTo(sums, ((y >> 1) * width + (x >> 1)) * 4, colour.data, pixel * 3, weight);
      }
  }
  return { width, height, sums };
}

function addTo(sums: Float32Array, to: number, colours: Samples, from: number, weight: number): void {
  sums[to] = (sums[to] ?? 0) + (colours[from] ?? 0) * weight;
  sums[to + 1] = (sums[to + 1] ?? 0) + (colours[from + 1] ?? 0) * weight;
  sums[to + 2] = (sums[to + 2] ?? 0) + (colours[from + 2] ?? 0) * weight;
  sums[to + 3] = (sums[to + 3] ?? 0) + weight;
}

async function halved(level: Level): Promise<Level> {
  const width = Math.ceil(level.width / 2);
  const height = Math.ceil(level.height / 2);
  const sums = new Float32Array(width * height * 4);
  for await (const { left, top, right, bottom } of blocks(level.width, level.height)) {
    for (let y = top; y < bottom; y += 1)
      for (let x = left; x < right; x += 1) {
        const from = (y * level.width + x) * 4;
        const to = ((y >> 1) * width + (x >> 1)) * 4;
        for (let part = 0; part < 4; part += 1)
          sums[to + part] = (sums[to + part] ?? 0) + (level.sums[from + part] ?? 0);
      }
  }
  return { width, height, sums };
}

async function fillHoles(fine: Level, coarse: Level): Promise<void> {
  for await (const { left, top, right, bottom } of blocks(fine.width, fine.height)) {
    for (let y = top; y < bottom; y += 1)
      for (let x = left; x < right; x += 1) {
        const to = (y * fine.width + x) * 4;
        if ((fine.sums[to + 3] ?? 0) > 0) continue;
        const from = ((y >> 1) * coarse.width + (x >> 1)) * 4;
        for (let part = 0; part < 4; part += 1) fine.sums[to + part] = coarse.sums[from + part] ?? 0;
      }
  }
}
