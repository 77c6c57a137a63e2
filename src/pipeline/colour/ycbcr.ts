import { blocks } from '../raster/blocks.js';

/** How YCbCr of 8 bits becomes RGB (TIFF 6.0, section 21). */
export interface YCbCr {
  /** Weights of red, green and blue in Y. */
  readonly coefficients: readonly [red: number, green: number, blue: number];
  /** Values of black and white in Y, and of zero and full difference in Cb and Cr. */
  readonly reference: readonly number[];
}

/**
 * Converts YCbCr to RGB in place, and lets the event loop go on.
 * @param data interleaved; channels beyond the third stay.
 */
export async function ycbcrToRgb(
  data: Uint8Array,
  channels: number,
  { coefficients, reference }: YCbCr,
): Promise<void> {
  const [red, green, blue] = coefficients;
  const [yBlack = 0, yWhite = 255, cbNone = 128, cbFull = 255, crNone = 128, crFull = 255] = reference;
  const clamped = (value: number) => Math.min(255, Math.max(0, Math.round(value)));
  for await (const { left, right } of blocks(data.length / channels, 1)) {
    for (let at = left * channels; at < right * channels; at += channels) {
      const y = (((data[at] ?? 0) - yBlack) * 255) / (yWhite - yBlack);
      const cb = (((data[at + 1] ?? 0) - cbNone) * 127) / (cbFull - cbNone);
      const cr = (((data[at + 2] ?? 0) - crNone) * 127) / (crFull - crNone);
      const r = cr * (2 - 2 * red) + y;
      const b = cb * (2 - 2 * blue) + y;
      data[at] = clamped(r);
      data[at + 1] = clamped((y - blue * b - red * r) / green);
      data[at + 2] = clamped(b);
    }
  }
}
