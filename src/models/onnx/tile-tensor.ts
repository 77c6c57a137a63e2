import { cut } from '../../tiling/cut.js';
import type { Raster, Samples } from '../../tiling/raster.js';
import type { ModelEntry, SampleRange, TensorForm } from '../manifest-entry.js';
import { TileFailure } from '../tile-model.js';
import { halfBits, halfValues } from './half-float.js';

/** The value of black, and the distance from black to white. */
function blackAndSpan(range: SampleRange): { black: number; span: number } {
  return range === '-1..1' ? { black: -1, span: 2 } : { black: 0, span: range };
}

/** A tensor's buffer; float16 as bit patterns. */
export type TensorData = Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** @returns [1, 3, h, w] or [1, h, w, 3]. */
export function tensorDims(layout: ModelEntry['layout'], width: number, height: number): readonly number[] {
  return layout === 'nchw' ? [1, 3, height, width] : [1, height, width, 3];
}

/** @returns the value of white. */
export function sampleMaximum(data: Samples): 255 | 65_535 {
  return data instanceof Uint8Array ? 255 : 65_535;
}

const ARRAY_TYPES = { float32: Float32Array, float16: Uint16Array, uint8: Uint8Array } as const;

export function newTensorData(dtype: ModelEntry['dtype'], length: number): TensorData {
  return new ARRAY_TYPES[dtype](length);
}

function newSamples(maximum: 255 | 65_535, length: number): Samples {
  return maximum === 255 ? new Uint8Array(length) : new Uint16Array(length);
}

/** Pads a tile on the right and below by reflection. @returns the tile itself when it has that size already. */
export function padByReflection(tile: Raster<3>, width: number, height: number): Raster<3> {
  if (tile.width === width && tile.height === height) return tile;
  const data = newSamples(sampleMaximum(tile.data), width * height * 3);
  cut(tile, 0, 0, width, height, data);
  return { data, width, height, channels: 3 };
}

/**
 * Writes pixels into a tensor buffer of the same size.
 * @param target `width * height * 3` samples of the form's dtype; overwritten.
 */
export function writeTensor({ data, width, height }: Raster<3>, form: TensorForm, target: TensorData): void {
  if (form.dtype === 'uint8' && form.layout === 'nhwc') {
    target.set(data);
    return;
  }
  const encoded = encodingTable(sampleMaximum(data), form);
  const { step, green, blue } = strides(form.layout, width * height);
  for (let i = 0, o = 0; i < data.length; i += 3, o += step) {
    target[o] = encoded[data[i] as number] as number;
    target[o + green] = encoded[data[i + 1] as number] as number;
    target[o + blue] = encoded[data[i + 2] as number] as number;
  }
}

/** @returns the distance from one pixel to the next in a tensor, and from a pixel's red to its green and blue. */
function strides(
  layout: ModelEntry['layout'],
  pixels: number,
): { step: number; green: number; blue: number } {
  return layout === 'nchw' ? { step: 1, green: pixels, blue: 2 * pixels } : { step: 3, green: 1, blue: 2 };
}

const encodingTables = new Map<string, TensorData>();

/** @returns the tensor's sample for each sample of a picture. */
function encodingTable(maximum: 255 | 65_535, { dtype, range }: TensorForm): TensorData {
  const key = `${maximum} ${dtype} ${range}`;
  const known = encodingTables.get(key);
  if (known !== undefined) return known;
  const { black, span } = blackAndSpan(range);
  const table = newTensorData(dtype, maximum + 1);
  for (let sample = 0; sample <= maximum; sample++) {
    const value = (sample * span) / maximum + black;
    table[sample] = dtype === 'float16' ? halfBits(value) : value;
  }
  encodingTables.set(key, table);
  return table;
}

/**
 * Reads pixels from a tensor, rounded and clamped.
 * @param size of the tensor. @param crop size of the result: the tensor's upper left part.
 * @param maximum 255 for `Uint8Array` pixels, 65535 for `Uint16Array`.
 * @returns new pixels, or the tensor's own buffer for an interleaved uint8 tensor without a crop.
 * @throws TileFailure invalid_output when a sample is not a finite number.
 */
export function readTensor(
  source: TensorData,
  form: TensorForm,
  size: { width: number; height: number },
  crop: { width: number; height: number },
  maximum: 255 | 65_535,
): Raster<3> {
  const whole = size.width === crop.width && size.height === crop.height;
  if (form.dtype === 'uint8' && form.layout === 'nhwc' && whole && source instanceof Uint8Array)
    return { data: source, ...crop, channels: 3 };
  const samples = form.dtype === 'float16' ? decodeHalves(source as Uint16Array, halfValues()) : source;
  const data = newSamples(maximum, crop.width * crop.height * 3);
  const { step, green, blue } = strides(form.layout, size.width * size.height);
  const { black, span } = blackAndSpan(form.range);
  const factor = form.dtype === 'uint8' ? 1 : maximum / span;
  const shift = 0.5 - black * factor;
  let finite = 0;
  for (let y = 0; y < crop.height; y++) {
    let i = y * size.width * step;
    const end = (y + 1) * crop.width * 3;
    for (let o = y * crop.width * 3; o < end; o += 3, i += step) {
      const r = (samples[i] as number) * factor + shift;
      const g = (samples[i + green] as number) * factor + shift;
      const b = (samples[i + blue] as number) * factor + shift;
      data[o] = r < 0 ? 0 : r > maximum ? maximum : r;
      data[o + 1] = g < 0 ? 0 : g > maximum ? maximum : g;
      data[o + 2] = b < 0 ? 0 : b > maximum ? maximum : b;
      // Stays zero unless a sample is NaN or infinite: cheaper than a test of each.
      finite += (r + g + b) * 0;
    }
  }
  if (finite !== 0)
    throw new TileFailure('invalid_output', 'The model answered with samples that are not finite numbers.');
  return { data, ...crop, channels: 3 };
}

function decodeHalves(bits: Uint16Array, values: Float32Array): Float32Array {
  const decoded = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) decoded[i] = values[bits[i] as number] as number;
  return decoded;
}

/** Whether all pixels are equal, as in the answer of a network that overflowed. */
export function isFlat(pixels: Raster<3>): boolean {
  return !varies(pixels.data, 0);
}

/** Whether some channel spans more than a sixteenth of the range. A network may smooth away less than that. */
export function hasContrast(pixels: Raster<3>): boolean {
  return varies(pixels.data, sampleMaximum(pixels.data) / 16);
}

/** Whether a pixel differs from the first one by more than `limit` in some channel. */
function varies(data: Samples, limit: number): boolean {
  for (let channel = 0; channel < 3; channel++) {
    const first = data[channel] as number;
    for (let i = channel; i < data.length; i += 3)
      if (Math.abs((data[i] as number) - first) > limit) return true;
  }
  return false;
}
