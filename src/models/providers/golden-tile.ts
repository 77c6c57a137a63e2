import type { Raster, Samples } from '../../tiling/raster.js';
import type { ModelEntry } from '../manifest-entry.js';
import { warmUpTile } from '../onnx/warm-up.js';

/** A tile's right answer, and by which model. */
export interface Golden {
  readonly entry: ModelEntry;
  readonly answer: Raster<3>;
}

const SIDE_PX = 32;
/** Between providers: rounding in TF32 or half precision stays above 50 dB, a wrong kernel falls far below. */
const SAME_ANSWER_DB = 40;
/**
 * Between the answer made small again and the tile. Networks have 22.5 dB (realesr-animevideov3) to 25 (realesr-general-x4v3),
 * most of it lost at the tile's rim; an answer a fifth too dark has 18.6, channels in the wrong order, another picture or
 * flat colour 14 at most.
 */
const SAME_PICTURE_DB = 20;

/** The same in every process. */
export function goldenTile(): Raster<3> {
  return warmUpTile(SIDE_PX, SIDE_PX);
}

/** Whether an answer, averaged down to the golden tile's size, is that tile. */
export function looksUpscaled(answer: Raster<3>): boolean {
  return downscaledLikeness(answer, goldenTile()) >= SAME_PICTURE_DB;
}

/** @returns PSNR in dB between a tile and its enlargement averaged down again; 0 when the size is no multiple. 8 bits. */
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

/** @returns whether the answer is the CPU's, and a sentence that says so. */
export function compareWithCpu(answer: Samples, golden: Golden): [boolean, string] {
  const likeness = answer.length === golden.answer.data.length ? decibels(answer, golden.answer.data) : 0;
  return likeness >= SAME_ANSWER_DB
    ? [
        true,
        `A golden tile came back right (${likeness === Infinity ? 'identical to' : `${Math.round(likeness)} dB from`} the CPU's).`,
      ]
    : [
        false,
        `A golden tile came back wrong (${Math.round(likeness)} dB from the CPU's; ${SAME_ANSWER_DB} are needed).`,
      ];
}

/** PSNR of 8-bit samples. */
function decibels(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return 10 * Math.log10((255 * 255 * b.length) / sum);
}
