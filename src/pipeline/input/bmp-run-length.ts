import { Breaks } from '../raster/blocks.js';

/** Unpacked palette indices of the whole picture, rows in the file's order. */
interface RunLengthTerms {
  readonly width: number;
  readonly height: number;
  /** true: RLE4, two pixels per byte; false: RLE8. */
  readonly fourBit: boolean;
}

/**
 * Unpacks RLE8 and RLE4 (Microsoft, "Bitmap Compression"). Skipped pixels have index 0. Pixels beyond their row are
 * read and not drawn, so the time depends on bytes and pixels alone.
 * @param at offset of the codes.
 * @returns undefined when the codes end before the picture does.
 */
export async function runLengthIndices(
  file: Buffer,
  at: number,
  { width, height, fourBit }: RunLengthTerms,
): Promise<Uint8Array | undefined> {
  const indices = new Uint8Array(width * height);
  const breaks = new Breaks();
  let x = 0;
  let row = 0;
  while (row < height) {
    const count = file[at];
    const value = file[at + 1];
    if (count === undefined || value === undefined) return undefined;
    at += 2;
    const drawn = Math.min(count > 0 ? count : value, width - x);
    if (breaks.isDue(2 + drawn)) await breaks.take();
    const to = row * width + x;
    if (count > 0) {
      const [even, odd] = fourBit ? [value >> 4, value & 15] : [value, value];
      for (let pixel = 0; pixel < drawn; pixel += 1) indices[to + pixel] = pixel % 2 === 0 ? even : odd;
      x += drawn;
    } else if (value === 0) {
      x = 0;
      row += 1;
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      const right = file[at];
      const down = file[at + 1];
      if (right === undefined || down === undefined) return undefined;
      at += 2;
      x = Math.min(width, x + right);
      row += down;
    } else {
      const bytes = fourBit ? (value + 1) >> 1 : value;
      if (at + bytes > file.length) return undefined;
      if (fourBit) unpackNibbles(file, at, indices, to, drawn);
      else for (let pixel = 0; pixel < drawn; pixel += 1) indices[to + pixel] = file[at + pixel] ?? 0;
      x += drawn;
      // Absolute runs end on a 16-bit boundary.
      at += bytes + (bytes & 1);
    }
  }
  return indices;
}

function unpackNibbles(file: Buffer, from: number, indices: Uint8Array, to: number, pixels: number): void {
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const byte = file[from + (pixel >> 1)] ?? 0;
    indices[to + pixel] = pixel % 2 === 0 ? byte >> 4 : byte & 15;
  }
}
