import type { Raster } from '../../tiling/raster.js';
import type { ModelEntry } from '../manifest-entry.js';
import { openModel } from '../onnx/session.js';
import { faultOfAnswer } from '../onnx/tile-check.js';
import { scrambled } from '../onnx/tile-region.js';
import { downscaledLikeness } from '../providers/golden-tile.js';
import type { TileModel } from '../tile-model.js';

/** The answer made small again must be the tile to this degree: colours in place, no range mistaken. */
export const SAME_PICTURE_DB = 20;
/** Small enough for a slow network, large enough to show something. */
const TRIAL_SIDE_PX = 64;
/** Large enough for a move to show. */
const CHECKED_SIDE_PX = 192;

/** @returns a side for trial tiles of a network that takes multiples of a number. */
export function trialSide(multipleOf: number): number {
  return Math.ceil(TRIAL_SIDE_PX / multipleOf) * multipleOf;
}

/** Runs a network as an entry says, whatever picture it makes: what is tried may be wrong. */
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

/** @returns decibels between a tile and its answer made small again, or why there is no answer. */
export async function likenessOf(model: TileModel, tile: Raster<3>): Promise<number | string> {
  try {
    return downscaledLikeness(await model.run(tile), tile);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Smooth waves from black to white, in each channel others: what a misread range cuts off or makes pale shows. */
export function wavyTile(width: number, height: number): Raster<3> {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let channel = 1; channel <= 3; channel++) {
        const scheduler = (channel * x) / (6 * width) + ((4 - channel) * y) / (6 * height) + channel / 3;
        data[i++] = Math.round(127.5 + 127.5 * Math.sin(2 * Math.PI * scheduler));
      }
  return { data, width, height, channels: 3 };
}

/** A part of a picture that has no period: scattered squares of all sizes and greys of each channel. @param left, top may be any. */
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

/**
 * What the service would find wrong with every answer of a network (`tile-check`), in a sentence; undefined where nothing is, or there is no answer.
 */
export async function faultOf(entry: ModelEntry, folder: string): Promise<string | undefined> {
  const [width, height] = entry.sizeRequirements.fixed ?? [CHECKED_SIDE_PX, CHECKED_SIDE_PX];
  const soft = scatteredTile(0, 0, width, height);
  // From black to white: the check makes light of what differs little.
  const data = soft.data.map((value) => Math.min(255, Math.max(0, 3 * (value - 127) + 127)));
  const tile = { ...soft, data };
  return withModel(entry, folder, async (model) => {
    const answer = await model.run(tile).catch(() => undefined);
    return answer === undefined ? undefined : faultOfAnswer(tile, answer);
  });
}
