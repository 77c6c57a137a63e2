import type { Raster } from '../../src/tiling/raster.js';

/** A tile with all sorts of values: smooth, with another pattern in each channel, shifted by `seed`. */
export function gradientTile(
  width: number,
  height: number,
  type: Uint8ArrayConstructor | Uint16ArrayConstructor,
  seed = 0,
): Raster<3> {
  const data = new type(width * height * 3);
  const unit = type === Uint8Array ? 1 : 251;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) data[(y * width + x) * 3 + c] = (seed + x * 5 + y * 3 * (c + 1)) * unit;
  return { data, width, height, channels: 3 };
}

/** Nearest neighbour. */
export function repeated(tile: Raster<3>, scale: number): Raster<3> {
  const width = tile.width * scale;
  const height = tile.height * scale;
  const data =
    tile.data instanceof Uint8Array
      ? new Uint8Array(width * height * 3)
      : new Uint16Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++)
        data[(y * width + x) * 3 + c] =
          tile.data[(Math.floor(y / scale) * tile.width + Math.floor(x / scale)) * 3 + c] ?? 0;
  return { data, width, height, channels: 3 };
}
