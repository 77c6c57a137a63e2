import type { Raster, Samples } from './raster.js';

/**
 * The image coordinate that reflection shows at `position`, without repeating the edge pixel (numpy's `reflect`). A
 * position further away than the image is long is reflected repeatedly.
 */
export function mirrored(position: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const offset = ((position % period) + period) % period;
  return offset < length ? offset : period - offset;
}

/**
 * Copies a rectangle out of an image that is reflected without end in every direction.
 * @param left, top image coordinates of the rectangle's corner; may be negative.
 * @param into receives `width * height * channels` samples of the image's type.
 */
export function cut(
  image: Raster,
  left: number,
  top: number,
  width: number,
  height: number,
  into: Samples,
): void {
  const { data, channels } = image;
  const insideFrom = Math.max(left, 0);
  const insideTo = Math.min(left + width, image.width);
  for (let y = 0; y < height; y += 1) {
    const source = mirrored(top + y, image.height) * image.width * channels;
    const target = y * width * channels;
    if (insideTo > insideFrom) {
      into.set(
        data.subarray(source + insideFrom * channels, source + insideTo * channels),
        target + (insideFrom - left) * channels,
      );
    }
    for (let x = left; x < left + width; x += 1) {
      if (x >= insideFrom && x < insideTo) x = insideTo;
      if (x >= left + width) break;
      const from = source + mirrored(x, image.width) * channels;
      const to = target + (x - left) * channels;
      for (let channel = 0; channel < channels; channel += 1) into[to + channel] = data[from + channel] ?? 0;
    }
  }
}
