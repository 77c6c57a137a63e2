/** Writers of BMP files that no honest program makes; by Microsoft's description of the format. */

function file(
  width: number,
  height: number,
  bitsPerPixel: number,
  compression: number,
  colours: number,
  content: Buffer,
): Buffer {
  const head = Buffer.alloc(54);
  const paletteBytes = bitsPerPixel <= 8 ? 2 ** bitsPerPixel * 4 : 0;
  head.write('BM', 0, 'latin1');
  head.writeUInt32LE(54 + paletteBytes + content.length, 2);
  head.writeUInt32LE(54 + paletteBytes, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(bitsPerPixel, 28);
  head.writeUInt32LE(compression, 30);
  head.writeUInt32LE(content.length, 34);
  head.writeUInt32LE(colours, 46);
  return Buffer.concat([head, Buffer.alloc(paletteBytes), content]);
}

const RLE = { 8: 1, 4: 2 } as const;

function repeated(codes: readonly number[], count: number): Buffer {
  return Buffer.alloc(codes.length * count, Buffer.from(codes));
}

/** Runs of 255 pixels that leave a row of 16 and never end it: a walk over pixels that are nowhere. */
export function runsBeyondRow(bitsPerPixel: 4 | 8, runs: number): Buffer {
  return file(16, 16, bitsPerPixel, RLE[bitsPerPixel], 256, repeated([255, 1], runs));
}

/** The same with literal pixels: 255 of them to a piece. */
export function literalsBeyondRow(pieces: number): Buffer {
  const piece = [0, 255, ...Array.from({ length: 256 }, () => 0)];
  return file(16, 16, 8, RLE[8], 256, repeated(piece, pieces));
}

/** Jumps to the right, of 255 or of no pixels, which never leave the first row. */
export function jumps(count: number, right: number): Buffer {
  return file(16, 16, 8, RLE[8], 256, repeated([0, 2, right, 0], count));
}

/** Ends of rows behind which nothing is, in a picture of legal size. */
export function emptyRows(side: number): Buffer {
  return file(side, side, 8, RLE[8], 256, repeated([0, 0], side));
}

/** A header that claims a palette of four billion colours. */
export function claimedPalette(bitsPerPixel: 8 | 24): Buffer {
  const rowBytes = Math.ceil((16 * bitsPerPixel) / 32) * 4;
  return file(16, 16, bitsPerPixel, 0, 0xffffffff, Buffer.alloc(rowBytes * 16));
}

/** A header that claims a picture of legal or illegal size without pixels. */
export function claimedSize(width: number, height: number): Buffer {
  return file(width, height, 24, 0, 0, Buffer.alloc(64));
}
