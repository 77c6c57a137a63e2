import { diagonal, inverse, type Matrix, product, type Triple, times } from './matrix.js';
import type { ColourTransform, Curve } from './transform.js';

/** CIE 1931 chromaticity. */
export type Chromaticity = readonly [x: number, y: number];

/** An RGB space with other primaries or another curve than sRGB. Values of 0 to 1 mean black to white. */
export interface RgbSpace {
  readonly red: Chromaticity;
  readonly green: Chromaticity;
  readonly blue: Chromaticity;
  readonly white: Chromaticity;
  /** Light is the value to the power of this; `srgb` is the curve of IEC 61966-2-1. */
  readonly curve: 'srgb' | number;
}

export const D65: Chromaticity = [0.3127, 0.329];
/** White of the profile connection space of ICC. */
const D50: Chromaticity = [0.3457, 0.3585];

/** IEC 61966-2-1. */
export const SRGB: RgbSpace = {
  red: [0.64, 0.33],
  green: [0.3, 0.6],
  blue: [0.15, 0.06],
  white: D65,
  curve: 'srgb',
};

/** The transform from a space to sRGB. */
export function spaceTransform(space: RgbSpace): ColourTransform {
  const { curve } = space;
  const light: Curve = curve === 'srgb' ? srgbLight : (value) => value ** curve;
  const matrix = product(fromXyz(), product(adaptation(space.white), toXyz(space)));
  return { curves: [light, light, light], matrix };
}

/** From ICC's connection space (CIE XYZ under D50) to the light of sRGB's primaries. */
export function fromConnectionSpace(): Matrix {
  return product(fromXyz(), adaptation(D50));
}

function fromXyz(): Matrix {
  return inverse(toXyz(SRGB));
}

function srgbLight(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** From the light of a space to CIE XYZ (SMPTE RP 177): columns are the primaries, weighted so that their sum is white. */
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
