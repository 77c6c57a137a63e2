/** Writers of small BMP files, by Microsoft's description of the format; rows run from the bottom up. */

type Colour = readonly [red: number, green: number, blue: number];

/** @param extra what is between header and palette: masks. */
function assemble(
  width: number,
  height: number,
  bitsPerPixel: number,
  compression: number,
  extra: Buffer,
  palette: Buffer,
  pixels: Buffer,
): Buffer {
  const header = Buffer.alloc(54);
  const offset = 54 + extra.length + palette.length;
  header.write('BM', 0);
  header.writeUInt32LE(offset + pixels.length, 2);
  header.writeUInt32LE(offset, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(bitsPerPixel, 28);
  header.writeUInt32LE(compression, 30);
  header.writeUInt32LE(pixels.length, 34);
  header.writeUInt32LE(palette.length / 4, 46);
  return Buffer.concat([header, extra, palette, pixels]);
}

export function bmp24(
  width: number,
  height: number,
  colourAt: (x: number, y: number) => Colour,
  topDown = false,
): Buffer {
  const rowBytes = Math.ceil((width * 3) / 4) * 4;
  const pixels = Buffer.alloc(rowBytes * height);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const [red, green, blue] = colourAt(x, y);
      const row = topDown ? y : height - 1 - y;
      pixels.set([blue, green, red], row * rowBytes + x * 3);
    }
  return assemble(width, topDown ? -height : height, 24, 0, Buffer.alloc(0), Buffer.alloc(0), pixels);
}

/** @param masks red, green, blue and, if any, alpha; absent: no masks at all (BI_RGB). */
export function bmp32(
  width: number,
  height: number,
  valueAt: (x: number, y: number) => number,
  masks: readonly number[],
): Buffer {
  const pixels = Buffer.alloc(width * height * 4);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      pixels.writeUInt32LE(valueAt(x, y) >>> 0, ((height - 1 - y) * width + x) * 4);
  const extra = Buffer.alloc(masks.length * 4);
  for (const [index, mask] of masks.entries()) extra.writeUInt32LE(mask >>> 0, index * 4);
  const compression = masks.length === 0 ? 0 : masks.length === 3 ? 3 : 6;
  return assemble(width, height, 32, compression, extra, Buffer.alloc(0), pixels);
}

export function bmp16(width: number, height: number, valueAt: (x: number, y: number) => number): Buffer {
  const rowBytes = Math.ceil((width * 2) / 4) * 4;
  const pixels = Buffer.alloc(rowBytes * height);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      pixels.writeUInt16LE(valueAt(x, y), (height - 1 - y) * rowBytes + x * 2);
  return assemble(width, height, 16, 0, Buffer.alloc(0), Buffer.alloc(0), pixels);
}

function paletteBytes(palette: readonly Colour[]): Buffer {
  return Buffer.from(palette.flatMap(([red, green, blue]) => [blue, green, red, 0]));
}

export function bmpPalette(
  width: number,
  height: number,
  bitsPerPixel: 1 | 4 | 8,
  palette: readonly Colour[],
  indexAt: (x: number, y: number) => number,
): Buffer {
  const rowBytes = Math.ceil((width * bitsPerPixel) / 32) * 4;
  const pixels = Buffer.alloc(rowBytes * height);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const bit = x * bitsPerPixel;
      const at = (height - 1 - y) * rowBytes + (bit >> 3);
      pixels[at] = (pixels[at] ?? 0) | (indexAt(x, y) << (8 - bitsPerPixel - (bit & 7)));
    }
  return assemble(width, height, bitsPerPixel, 0, Buffer.alloc(0), paletteBytes(palette), pixels);
}

/** @param codes the run-length codes as they are in the file. */
export function bmpRunLength(
  width: number,
  height: number,
  bitsPerPixel: 4 | 8,
  palette: readonly Colour[],
  codes: readonly number[],
): Buffer {
  const compression = bitsPerPixel === 8 ? 1 : 2;
  return assemble(
    width,
    height,
    bitsPerPixel,
    compression,
    Buffer.alloc(0),
    paletteBytes(palette),
    Buffer.from(codes),
  );
}

/** A BMP of whatever the parts say. @param compression as in the header: 0 none, 1 RLE8, 2 RLE4, 3 masks. */
export function bmpFile(
  width: number,
  height: number,
  bitsPerPixel: number,
  compression: number,
  palette: Buffer,
  pixels: Buffer,
): Buffer {
  return assemble(width, height, bitsPerPixel, compression, Buffer.alloc(0), palette, pixels);
}
