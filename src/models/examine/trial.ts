import type { Raster } from '../../tiling/raster.js';
import { messageOf } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';
import { openModel } from '../onnx/session.js';
import { faultOfAnswer } from '../onnx/tile-check.js';
import { scrambled } from '../onnx/tile-region.js';
import { downscaledLikeness } from '../providers/golden-tile.js';
import type { TileModel } from '../tile-model.js';

/** Large enough to detect a shift. */
const CHECKED_SIDE_PX = 192;

/** Opens a model without the tile check, since the entry may still be wrong, and releases it afterwards. */
export async function withModel<T>(
  entry: ModelEntry,
  folder: string,
  use: (model: TileModel) => Promise<T>,
): Promise<T> {
  const model = await openModel({ ...entry, tileCheck: false }, folder, 'cpu', { threads: 2 });
  try {
    return await use(model);
  } finally {
    await model.release();
  }
}

/** @returns PSNR in dB between a tile and its answer downscaled, or why there is no answer. */
export async function likenessOf(model: TileModel, tile: Raster<3>): Promise<number | string> {
  try {
    return downscaledLikeness(await model.run(tile), tile);
  } catch (error) {
    return messageOf(error);
  }
}

/** Waves from black to white, different in each channel, so that a wrong range clips or fades them. */
export function wavyTile(width: number, height: number): Raster<3> {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 1; channel <= 3; channel++) {
        const phase = (channel * x) / (6 * width) + ((4 - channel) * y) / (6 * height) + channel / 3;
        data[i++] = Math.round(127.5 + 127.5 * Math.sin(2 * Math.PI * phase));
      }
  return { data, width, height, channels: 3 };
}

/** A part of an aperiodic picture: squares of all sizes, with random greys in each channel. @param left, top any integers. */
export function scatteredTile(left: number, top: number, width: number, height: number): Raster<3> {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 0; channel < 3; channel++) {
        let value = 70;
        for (let side = 1; side <= 32; side *= 2)
          value += greyOf(Math.floor((x + left) / side), Math.floor((y + top) / side), side * 3 + channel);
        data[i++] = value;
      }
  return { data, width, height, channels: 3 };
}

/** 0 to 19, the same for the same numbers. */
function greyOf(column: number, row: number, layer: number): number {
  return (scrambled(column, row, layer) >>> 8) % 20;
}

/** @returns the tile check's objection to a network's answer; undefined when there is none, or no answer. */
export async function faultOf(entry: ModelEntry, folder: string): Promise<string | undefined> {
  const [width, height] = entry.sizeRequirements.fixed ?? [CHECKED_SIDE_PX, CHECKED_SIDE_PX];
  const soft = scatteredTile(0, 0, width, height);
  // Stretched to the full range, because the check ignores small differences.
  const data = soft.data.map((value) => Math.min(255, Math.max(0, 3 * (value - 127) + 127)));
  const tile = { ...soft, data };
  return withModel(entry, folder, async (model) => {
    const answer = await model.run(tile).catch(() => undefined);
    return answer === undefined ? undefined : faultOfAnswer(tile, answer);
  });
}
