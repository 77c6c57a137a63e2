import type { Raster, Samples } from '../../tiling/raster.js';
import type { ModelEntry } from '../manifest-entry.js';
import { warmUpTile } from '../onnx/warm-up.js';

/** The CPU's answer to the golden tile. */
export interface Golden {
  readonly entry: ModelEntry;
  readonly answer: Raster<3>;
}

const SIDE_PX = 32;
/** Between two providers. Rounding in TF32 or half precision gives more than 50 dB, a wrong kernel far less than 40. */
const SAME_ANSWER_DB = 40;
/**
 * Between the downscaled answer and the tile. Networks reach 22.5 dB (realesr-animevideov3) to 25 (realesr-general-x4v3); most of the loss is at
 * the tile's edge. An answer a fifth too dark has 18.6, and swapped channels, another picture or flat colour at most 14.
 */
export const SAME_PICTURE_DB = 20;

export function goldenTile(): Raster<3> {
  return warmUpTile(SIDE_PX, SIDE_PX);
}

/** Whether the downscaled answer is the golden tile. */
export function looksUpscaled(answer: Raster<3>): boolean {
  return downscaledLikeness(answer, goldenTile()) >= SAME_PICTURE_DB;
}

/** @returns PSNR in dB between a tile and its box-filtered answer, both of 8 bits; 0 when the answer's size is no multiple of the tile's. */
export function downscaledLikeness(answer: Raster<3>, tile: Raster<3>): number {
  const scale = answer.width / tile.width;
  if (!Number.isInteger(scale) || answer.height !== tile.height * scale) return 0;
  const small = new Float64Array(tile.data.length);
  for (let y = 0; y < answer.height; y++)
    for (let x = 0; x < answer.width; x++)
      for (let c = 0; c < 3; c++) {
        const target = (Math.floor(y / scale) * tile.width + Math.floor(x / scale)) * 3 + c;
        small[target] =
          (small[target] ?? 0) + (answer.data[(y * answer.width + x) * 3 + c] ?? 0) / (scale * scale);
      }
  return decibels(small, tile.data);
}

/** @returns whether an answer equals the CPU's, and a sentence about it. */
export function compareWithCpu(
  answer: Samples,
  { answer: { data } }: Golden,
): { usable: boolean; detail: string } {
  const likeness = answer.length === data.length ? decibels(answer, data) : 0;
  const distance = likeness === Infinity ? 'identical to' : `${Math.round(likeness)} dB from`;
  const usable = likeness >= SAME_ANSWER_DB;
  const found = usable
    ? `right (${distance} the CPU's)`
    : `wrong (${distance} the CPU's; ${SAME_ANSWER_DB} are needed)`;
  return { usable, detail: `A golden tile came back ${found}.` };
}

/** PSNR of 8-bit samples. */
function decibels(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return 10 * Math.log10((255 * 255 * b.length) / sum);
}
