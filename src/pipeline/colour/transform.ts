import type { Samples } from '../../tiling/raster.js';
import { blocks } from '../raster/blocks.js';
import type { Matrix } from './matrix.js';

/** A curve from a value of 0..1 to light of 0..1, for each of the three channels. */
export type Curve = (value: number) => number;

/** A transform to sRGB: a curve for each channel, a matrix to the light of sRGB's primaries, then sRGB's own curve. */
export interface ColourTransform {
  readonly curves: readonly [red: Curve, green: Curve, blue: Curve];
  readonly matrix: Matrix;
}

/** Steps of the table from light to values. Its index is the square root of light, along which sRGB's curve is nearly straight. */
const TABLE_STEPS = 65535;

/**
 * Converts colours to sRGB in place, and lets the event loop go on. Colours outside of sRGB are clipped.
 * @param data interleaved, 8 or 16 bits; channels beyond the third stay.
 */
export async function toSrgb(
  data: Samples,
  channels: number,
  { curves, matrix }: ColourTransform,
): Promise<void> {
  const most = data instanceof Uint16Array ? 65535 : 255;
  const table = (curve: Curve) => Float32Array.from({ length: most + 1 }, (_, value) => curve(value / most));
  const [redLight, greenLight, blueLight] = [table(curves[0]), table(curves[1]), table(curves[2])];
  // Half is added for rounding, because typed arrays truncate.
  const values = Float32Array.from(
    { length: TABLE_STEPS + 1 },
    (_, step) => most * encoded((step / TABLE_STEPS) ** 2) + 0.5,
  );
  const value = (light: number) =>
    values[Math.round(Math.sqrt(Math.min(1, Math.max(0, light))) * TABLE_STEPS)] ?? 0;
  const [toRed, toGreen, toBlue] = matrix;
  for await (const { left, right } of blocks(data.length / channels, 1)) {
    for (let at = left * channels; at < right * channels; at += channels) {
      const red = redLight[data[at] ?? 0] ?? 0;
      const green = greenLight[data[at + 1] ?? 0] ?? 0;
      const blue = blueLight[data[at + 2] ?? 0] ?? 0;
      data[at] = value(toRed[0] * red + toRed[1] * green + toRed[2] * blue);
      data[at + 1] = value(toGreen[0] * red + toGreen[1] * green + toGreen[2] * blue);
      data[at + 2] = value(toBlue[0] * red + toBlue[1] * green + toBlue[2] * blue);
    }
  }
}

/** IEC 61966-2-1: the value of a light. */
function encoded(light: number): number {
  return light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
}
