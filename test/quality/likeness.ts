/** Side of the squares over which SSIM is taken, and by how much one is moved to the next; pixels. */
const WINDOW_PX = 8;
const STRIDE_PX = 4;

/**
 * Mean difference between neighbours, across and down, of a raster of one channel: how sharp a picture is, compared with another
 * of the same thing.
 */
export function contrastOfNeighbours(raster: Uint8Array, width: number): number {
  let sum = 0;
  for (let at = width; at < raster.length; at += 1) {
    const value = raster[at] ?? 0;
    sum += Math.abs(value - (raster[at - width] ?? 0));
    if (at % width > 0) sum += Math.abs(value - (raster[at - 1] ?? 0));
  }
  return sum / (2 * raster.length);
}

/** Decibels between two rasters of samples; Infinity when they are equal. @param most the value of white. */
export function psnr(one: Uint8Array | Uint16Array, other: Uint8Array | Uint16Array, most = 255): number {
  if (one.length !== other.length) throw new Error('The pictures differ in size.');
  let sum = 0;
  for (let at = 0; at < one.length; at += 1) sum += ((one[at] ?? 0) - (other[at] ?? 0)) ** 2;
  return 10 * Math.log10((most * most * one.length) / sum);
}

/**
 * Mean structural similarity of two rasters of one channel and 8 bits, 1 when they are equal: Wang, Bovik, Sheikh and
 * Simoncelli, "Image quality assessment", IEEE TIP 13(4), 2004, equation 13, over plain squares instead of a Gaussian window.
 */
export function ssim(one: Uint8Array, other: Uint8Array, width: number): number {
  const height = one.length / width;
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  const pixels = WINDOW_PX * WINDOW_PX;
  let [total, windows] = [0, 0];
  for (let top = 0; top + WINDOW_PX <= height; top += STRIDE_PX) {
    for (let left = 0; left + WINDOW_PX <= width; left += STRIDE_PX) {
      let [a, b, aa, bb, ab] = [0, 0, 0, 0, 0];
      for (let y = top; y < top + WINDOW_PX; y += 1) {
        for (let at = y * width + left; at < y * width + left + WINDOW_PX; at += 1) {
          const [p, q] = [one[at] ?? 0, other[at] ?? 0];
          a += p;
          b += q;
          aa += p * p;
          bb += q * q;
          ab += p * q;
        }
      }
      const [meanA, meanB] = [a / pixels, b / pixels];
      const [varianceA, varianceB] = [aa / pixels - meanA ** 2, bb / pixels - meanB ** 2];
      const covariance = ab / pixels - meanA * meanB;
      total +=
        ((2 * meanA * meanB + c1) * (2 * covariance + c2)) /
        ((meanA ** 2 + meanB ** 2 + c1) * (varianceA + varianceB + c2));
      windows += 1;
    }
  }
  return total / windows;
}
