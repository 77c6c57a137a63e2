import type { Samples } from '../../tiling/raster.js';
import { blocks } from '../raster/blocks.js';
import type { Matrix } from './matrix.js';

/** From a value of 0..1 to light of 0..1, for each of the three channels. */
export type Curve = (value: number) => number;

/** How colours become sRGB: a curve for each channel, a matrix to the light of sRGB's primaries, and sRGB's own curve at the end. */
export interface ColourTransform {
  readonly curves: readonly [red: Curve, green: Curve, blue: Curve];
  readonly matrix: Matrix;
}

/** Steps of the table that turns light into values. It is entered by the square root of light, along which sRGB's curve is nearly straight. */
const TABLE_STEPS = 65535;

/**
 * Turns colours into sRGB, in place, the event loop going on meanwhile. What sRGB cannot show is clipped.
 * @param data interleaved, 8 or 16 bits; channels beyond the third are left alone.
 */
export async function toSrgb(
  data: Samples,
  channels: number,
  { curves, matrix }: ColourTransform,
): Promise<void> {
  const most = data instanceof Uint16Array ? 65535 : 255;
  const table = (curve: Curve) => Float32Array.from({ length: most + 1 }, (_, value) => curve(value / most));
  const [redLight, greenLight, blueLight] = [table(curves[0]), table(curves[1]), table(curves[2])];
  // Half is added for rounding: typed arrays cut off.
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
