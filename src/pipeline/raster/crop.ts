import type { Raster } from '../../tiling/raster.js';
import { allocateSamples } from './row-sink.js';

/** A copy of a part of a raster, so that the whole can be freed. @param part in pixels, within the raster. */
export function croppedRaster(
  raster: Raster,
  part: { readonly left: number; readonly top: number; readonly width: number; readonly height: number },
): Raster {
  const { data, channels } = raster;
  const { left, top, width, height } = part;
  const cut = allocateSamples(width * height * channels, data instanceof Uint16Array);
  for (let row = 0; row < height; row += 1) {
    const from = ((top + row) * raster.width + left) * channels;
    cut.set(data.subarray(from, from + width * channels), row * width * channels);
  }
  return { data: cut, width, height, channels };
}
