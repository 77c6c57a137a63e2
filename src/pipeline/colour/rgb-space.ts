import { blocks } from '../blocks.js';
import type { Samples } from '../row-sink.js';
import { inverse, type Matrix, product, type Triple, times } from './matrix.js';

/** CIE 1931 chromaticity. */
export type Chromaticity = readonly [x: number, y: number];

/** RGB of other primaries or another curve than sRGB's. Values of 0 to 1 stand for black to white. */
export interface RgbSpace {
  readonly red: Chromaticity;
  readonly green: Chromaticity;
  readonly blue: Chromaticity;
  readonly white: Chromaticity;
  /** Light is the value to this power; `srgb` is the curve of IEC 61966-2-1. */
  readonly curve: 'srgb' | number;
}

export const D65: Chromaticity = [0.3127, 0.329];

/** IEC 61966-2-1. */
export const SRGB: RgbSpace = {
  red: [0.64, 0.33],
  green: [0.3, 0.6],
  blue: [0.15, 0.06],
  white: D65,
  curve: 'srgb',
};

/** Steps of the table that turns light into values. It is entered by the square root of light, along which sRGB's curve is nearly straight. */
const TABLE_STEPS = 65535;

/**
 * Turns colours of a space into sRGB, in place, the event loop going on meanwhile. What sRGB cannot show is clipped.
 * @param data interleaved, 8 or 16 bits; channels beyond the third are left alone.
 */
export async function toSrgb(data: Samples, channels: number, space: RgbSpace): Promise<void> {
  const full = data instanceof Uint16Array ? 65535 : 255;
  const light = Float32Array.from({ length: full + 1 }, (_, value) => lightOf(value / full, space.curve));
  const values = Float32Array.from(
    { length: TABLE_STEPS + 1 },
    (_, step) => full * encoded((step / TABLE_STEPS) ** 2),
  );
  const [toRed, toGreen, toBlue] = product(
    inverse(toXyz(SRGB)),
    product(adaptation(space.white), toXyz(space)),
  );
  const value = (linear: number) =>
    values[Math.round(Math.sqrt(Math.min(1, Math.max(0, linear))) * TABLE_STEPS)] ?? 0;
  for await (const { left, right } of blocks(data.length / channels, 1)) {
    for (let at = left * channels; at < right * channels; at += channels) {
      const red = light[data[at] ?? 0] ?? 0;
      const green = light[data[at + 1] ?? 0] ?? 0;
      const blue = light[data[at + 2] ?? 0] ?? 0;
      // Half is added for rounding: typed arrays cut off.
      data[at] = value(toRed[0] * red + toRed[1] * green + toRed[2] * blue) + 0.5;
      data[at + 1] = value(toGreen[0] * red + toGreen[1] * green + toGreen[2] * blue) + 0.5;
      data[at + 2] = value(toBlue[0] * red + toBlue[1] * green + toBlue[2] * blue) + 0.5;
    }
  }
}

function lightOf(value: number, curve: RgbSpace['curve']): number {
  if (curve !== 'srgb') return value ** curve;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function encoded(light: number): number {
  return light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
}

/** Light of a space to CIE XYZ (SMPTE RP 177): columns are the primaries, weighed so that their sum is white. */
function toXyz({ red, green, blue, white }: RgbSpace): Matrix {
  const [r, g, b] = [xyz(red), xyz(green), xyz(blue)];
  const primaries: Matrix = [
    [r[0], g[0], b[0]],
    [r[1], g[1], b[1]],
    [r[2], g[2], b[2]],
  ];
  const weights = times(inverse(primaries), xyz(white));
  return product(primaries, diagonal(weights));
}

/** Bradford's adaptation from a white to sRGB's (ICC.1:2022, annex E). */
function adaptation(white: Chromaticity): Matrix {
  const bradford: Matrix = [
    [0.8951, 0.2664, -0.1614],
    [-0.7502, 1.7135, 0.0367],
    [0.0389, -0.0685, 1.0296],
  ];
  const [from, to] = [times(bradford, xyz(white)), times(bradford, xyz(D65))];
  const ratio: Triple = [to[0] / from[0], to[1] / from[1], to[2] / from[2]];
  return product(inverse(bradford), product(diagonal(ratio), bradford));
}

/** XYZ of a chromaticity whose Y is 1. */
function xyz([x, y]: Chromaticity): Triple {
  return [x / y, 1, (1 - x - y) / y];
}

function diagonal([a, b, c]: Triple): Matrix {
  return [
    [a, 0, 0],
    [0, b, 0],
    [0, 0, c],
  ];
}
