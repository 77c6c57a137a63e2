import type { Raster, Samples } from '../../tiling/raster.js';
import type { ModelEntry, SampleRange, TensorForm } from '../manifest-entry.js';
import { TileFailure } from '../tile-model.js';
import { halfBits, halfValues } from './half-float.js';

/** The value of black, and how far from it white lies. */
function blackAndSpan(range: SampleRange): { black: number; span: number } {
  return range === '-1..1' ? { black: -1, span: 2 } : { black: 0, span: range };
}

/** The buffer of one tensor; half precision as bit patterns. */
export type TensorData = Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** @returns [1, 3, h, w] or [1, h, w, 3]. */
export function tensorDims(layout: ModelEntry['layout'], width: number, height: number): readonly number[] {
  return layout === 'nchw' ? [1, 3, height, width] : [1, height, width, 3];
}

/** 255 or 65535: the value of full white in these pixels. */
export function sampleMaximum(data: Samples): 255 | 65_535 {
  return data instanceof Uint8Array ? 255 : 65_535;
}

export function newTensorData(dtype: ModelEntry['dtype'], length: number): TensorData {
  switch (dtype) {
    case 'float32':
      return new Float32Array(length);
    case 'float16':
      return new Uint16Array(length);
    case 'uint8':
      return new Uint8Array(length);
  }
}

/**
 * Grows a tile to the right and below by reflection, without repeating the edge; a side shorter than what is missing is
 * mirrored again and again, a side of one pixel is repeated.
 * @returns the tile itself when it has that size already, else new pixels.
 */
export function padByReflection(tile: Raster<3>, width: number, height: number): Raster<3> {
  if (tile.width === width && tile.height === height) return tile;
  const rowLength = width * 3;
  const data =
    tile.data instanceof Uint8Array
      ? new Uint8Array(rowLength * height)
      : new Uint16Array(rowLength * height);
  for (let y = 0; y < height; y++) {
    const from = mirrored(y, tile.height) * tile.width * 3;
    const to = y * rowLength;
    data.set(tile.data.subarray(from, from + tile.width * 3), to);
    for (let x = tile.width; x < width; x++) {
      const source = from + mirrored(x, tile.width) * 3;
      const target = to + x * 3;
      data[target] = tile.data[source] ?? 0;
      data[target + 1] = tile.data[source + 1] ?? 0;
      data[target + 2] = tile.data[source + 2] ?? 0;
    }
  }
  return { data, width, height, channels: 3 };
}

/** Index in 0..size-1 after mirroring at both ends: 0 1 2 1 0 1 2 … for size 3. */
function mirrored(index: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const place = index % period;
  return place < size ? place : period - place;
}

/**
 * Writes pixels into a tensor buffer of the same size.
 * @param target `width * height * 3` samples of the form's dtype; overwritten.
 */
export function writeTensor(pixels: Raster<3>, form: TensorForm, target: TensorData): void {
  const count = pixels.width * pixels.height;
  const source = pixels.data;
  // In plane order the three samples of a pixel lie a plane apart, interleaved they lie side by side.
  const step = form.layout === 'nchw' ? 1 : 3;
  const green = form.layout === 'nchw' ? count : 1;
  const blue = 2 * green;
  if (form.dtype === 'float16') {
    const bits = halfTable(sampleMaximum(source), form.range);
    for (let i = 0, o = 0, end = count * 3; i < end; i += 3, o += step) {
      target[o] = bits[source[i] as number] as number;
      target[o + green] = bits[source[i + 1] as number] as number;
      target[o + blue] = bits[source[i + 2] as number] as number;
    }
    return;
  }
  if (form.dtype === 'uint8' && form.layout === 'nhwc') {
    target.set(source);
    return;
  }
  const { black, span } = blackAndSpan(form.range);
  const factor = form.dtype === 'uint8' ? 1 : span / sampleMaximum(source);
  for (let i = 0, o = 0, end = count * 3; i < end; i += 3, o += step) {
    target[o] = (source[i] as number) * factor + black;
    target[o + green] = (source[i + 1] as number) * factor + black;
    target[o + blue] = (source[i + 2] as number) * factor + black;
  }
}

const halfTables = new Map<string, Uint16Array>();

function halfTable(maximum: number, range: SampleRange): Uint16Array {
  const key = `${maximum}/${range}`;
  let table = halfTables.get(key);
  if (table === undefined) {
    const { black, span } = blackAndSpan(range);
    table = Uint16Array.from({ length: maximum + 1 }, (_, value) =>
      halfBits((value * span) / maximum + black),
    );
    halfTables.set(key, table);
  }
  return table;
}

/**
 * Reads pixels out of a tensor, cropping on the right and below, rounding and clamping.
 * @param width size of the tensor, which may exceed the crop.
 * @param maximum 255 for `Uint8Array` pixels, 65535 for `Uint16Array`.
 * @returns new pixels; for a uint8 interleaved tensor without a crop they are the tensor's own buffer.
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
  const data =
    maximum === 255
      ? new Uint8Array(crop.width * crop.height * 3)
      : new Uint16Array(crop.width * crop.height * 3);
  const step = form.layout === 'nchw' ? 1 : 3;
  const green = form.layout === 'nchw' ? size.width * size.height : 1;
  const blue = 2 * green;
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

/**
 * A network that overflowed often answers with one flat colour. Looks no further than the first pixel that differs.
 * @returns whether all pixels are equal.
 */
export function isFlat(pixels: Raster<3>): boolean {
  return spread(pixels.data, 0) === 0;
}

/**
 * @returns whether some channel of the pixels spans more than a sixteenth of the range. Less than that a network may
 * rightly smooth away.
 */
export function hasContrast(pixels: Raster<3>): boolean {
  const limit = sampleMaximum(pixels.data) / 16;
  return spread(pixels.data, limit) > limit;
}

/** Greatest difference to the first pixel in any channel, or the first one found above `limit`. */
function spread(data: Samples, limit: number): number {
  let widest = 0;
  for (let channel = 0; channel < 3; channel++) {
    const first = data[channel] as number;
    for (let i = channel; i < data.length; i += 3) {
      const difference = Math.abs((data[i] as number) - first);
      if (difference > widest) {
        widest = difference;
        if (widest > limit) return widest;
      }
    }
  }
  return widest;
}
