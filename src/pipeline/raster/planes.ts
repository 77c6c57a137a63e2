import type { Samples } from '../../tiling/raster.js';
import { allocateSamples } from './row-sink.js';

/**
 * RGB of a grey image as one channel. The network may tint greys a little, so the channels are weighted as luma
 * (ITU-R BT.601, in 1/256) instead of taking one of them.
 */
export function toGrey(rgb: Samples, pixels: number): Samples {
  const grey = allocateSamples(pixels, rgb instanceof Uint16Array);
  for (let pixel = 0, from = 0; pixel < pixels; pixel += 1, from += 3)
    grey[pixel] = ((rgb[from] ?? 0) * 77 + (rgb[from + 1] ?? 0) * 150 + (rgb[from + 2] ?? 0) * 29 + 128) >> 8;
  return grey;
}

/** One channel as three equal channels, for a network that takes RGB. */
export function toNeutralRgb(plane: Samples): Samples {
  const rgb = allocateSamples(plane.length * 3, plane instanceof Uint16Array);
  for (let pixel = 0, to = 0; pixel < plane.length; pixel += 1, to += 3) {
    const value = plane[pixel] ?? 0;
    rgb[to] = value;
    rgb[to + 1] = value;
    rgb[to + 2] = value;
  }
  return rgb;
}

/** Colour (1 or 3 channels) followed by alpha in each pixel. */
export function withAlpha(colour: Samples, channels: number, alpha: Samples): Samples {
  const joined = allocateSamples(alpha.length * (channels + 1), colour instanceof Uint16Array);
  for (let pixel = 0, from = 0, to = 0; pixel < alpha.length; pixel += 1) {
    for (let channel = 0; channel < channels; channel += 1) joined[to++] = colour[from++] ?? 0;
    joined[to++] = alpha[pixel] ?? 0;
  }
  return joined;
}
