import { TesseraError } from '../../domain/errors.js';
import { blocks } from '../raster/blocks.js';
import { unsupported } from '../refusals.js';
import { runLengthIndices } from './bmp-run-length.js';

/** The header of a BMP file, checked against the file's length. Nothing is allocated for it. */
export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** Rows run from the bottom up unless the height is given as negative. */
  readonly bottomUp: boolean;
  readonly bitsPerPixel: number;
  readonly compression: number;
  readonly pixelOffset: number;
  /** Masks of red, green, blue and alpha in one 16- or 32-bit pixel; an alpha mask of 0 means opaque. */
  readonly masks: readonly [red: number, green: number, blue: number, alpha: number];
  readonly paletteOffset: number;
  readonly paletteEntryBytes: number;
  readonly paletteLength: number;
}

const UNCOMPRESSED = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;

/** Header length of OS/2 2.x, whose compression numbers mean other methods on Windows. */
const OS2_HEADER_BYTES = 64;
const SAVE_AGAIN = 'Save the picture again as an uncompressed BMP of 24 bits, or as PNG.';

function corrupt(why: string): TesseraError {
  return new TesseraError('corrupt_image', `The BMP image is damaged: ${why}.`, {
    details: { parameter: 'file' },
  });
}

/** Most bytes that the header may take. */
export const BMP_HEADER_BYTES = 138;

/**
 * Reads the header: Microsoft's BITMAPFILEHEADER, then BITMAPCOREHEADER or BITMAPINFOHEADER to BITMAPV5HEADER.
 * @param head the first `BMP_HEADER_BYTES` bytes, or all there are.
 * @throws TesseraError corrupt_image; unsupported_image, naming the kind.
 */
export function readBmpHeader(head: Buffer): BmpHeader {
  if (head.length < 26) throw corrupt('its header is cut off');
  const headerBytes = head.readUInt32LE(14);
  if (headerBytes === 12) {
    const bitsPerPixel = head.readUInt16LE(24);
    return checked({
      width: head.readUInt16LE(18),
      height: head.readUInt16LE(20),
      bottomUp: true,
      bitsPerPixel,
      compression: UNCOMPRESSED,
      pixelOffset: head.readUInt32LE(10),
      masks: usualMasks(bitsPerPixel),
      paletteOffset: 26,
      paletteEntryBytes: 3,
      paletteLength: bitsPerPixel <= 8 ? 2 ** bitsPerPixel : 0,
    });
  }
  if (head.length < 54) throw corrupt('its header is cut off');
  const height = head.readInt32LE(22);
  const bitsPerPixel = head.readUInt16LE(28);
  const compression = head.readUInt32LE(30);
  if (headerBytes === OS2_HEADER_BYTES && (compression === 3 || compression === 4))
    throw unsupported(
      `BMP images with OS/2's ${compression === 3 ? 'Huffman' : 'RLE24'} compression`,
      SAVE_AGAIN,
    );
  if (compression === 4 || compression === 5)
    throw unsupported('BMP images with a JPEG or PNG inside', 'Send that picture itself.');
  if (compression >= 11 && compression <= 13) throw unsupported('BMP images of CMYK', SAVE_AGAIN);
  const coloursUsed = head.readUInt32LE(46);
  const hasMasks = compression === BITFIELDS || compression === ALPHA_BITFIELDS;
  const hasAlphaMask = compression === ALPHA_BITFIELDS || headerBytes >= 56;
  // The masks follow a plain info header; larger headers contain them.
  const maskBytes = headerBytes === 40 && hasMasks ? (compression === ALPHA_BITFIELDS ? 16 : 12) : 0;
  if (hasMasks && head.length < (hasAlphaMask ? 70 : 66)) throw corrupt('its header is cut off');
  return checked({
    width: head.readInt32LE(18),
    height: Math.abs(height),
    bottomUp: height > 0,
    bitsPerPixel,
    compression,
    pixelOffset: head.readUInt32LE(10),
    masks: hasMasks
      ? [
          head.readUInt32LE(54),
          head.readUInt32LE(58),
          head.readUInt32LE(62),
          hasAlphaMask ? head.readUInt32LE(66) : 0,
        ]
      : usualMasks(bitsPerPixel),
    paletteOffset: 14 + headerBytes + maskBytes,
    paletteEntryBytes: 4,
    paletteLength: bitsPerPixel <= 8 ? Math.min(coloursUsed || 256, 2 ** bitsPerPixel) : 0,
  });
}

/** Masks of pixels without masks in the file: 5 bits a colour, or 8. */
function usualMasks(bitsPerPixel: number): BmpHeader['masks'] {
  return bitsPerPixel === 16 ? [0x7c00, 0x03e0, 0x001f, 0] : [0xff0000, 0xff00, 0xff, 0];
}

function checked(header: BmpHeader): BmpHeader {
  const { width, height, bitsPerPixel, compression, pixelOffset, paletteOffset } = header;
  if (pixelOffset < Math.min(paletteOffset, 54)) throw corrupt('its pixels begin within its header');
  if (width <= 0 || height <= 0) throw corrupt('it has no pixels');
  if (bitsPerPixel === 64) throw unsupported('BMP images of 64 bits per pixel', SAVE_AGAIN);
  if (![1, 2, 4, 8, 16, 24, 32].includes(bitsPerPixel))
    throw corrupt(`it has ${bitsPerPixel} bits per pixel`);
  const rle = compression === RLE8 || compression === RLE4;
  const masked = compression === BITFIELDS || compression === ALPHA_BITFIELDS;
  if (!rle && !masked && compression !== UNCOMPRESSED)
    throw corrupt(`its compression ${compression} is unknown`);
  if (rle && bitsPerPixel !== (compression === RLE8 ? 8 : 4))
    throw corrupt('its compression does not fit its depth');
  if (masked && bitsPerPixel !== 16 && bitsPerPixel !== 32)
    throw corrupt('its compression does not fit its depth');
  return header;
}

/** Pixels of a decoded BMP: interleaved RGB or RGBA, 8 bits, rows from the top. */
export interface BmpPixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
}

/**
 * Decodes a whole BMP file, and lets the event loop go on. It does not use bmp-ts, which ends 4-bit images of odd
 * width after their first row, ignores where the header says the pixels begin, and reads past absolute runs of RLE.
 * @param header of the same file, already within the limits.
 * @throws TesseraError corrupt_image when pixels are missing.
 */
export async function decodeBmp(file: Buffer, header: BmpHeader): Promise<BmpPixels> {
  if (header.paletteOffset + header.paletteLength * header.paletteEntryBytes > file.length)
    throw corrupt('its palette is cut off');
  const { width, height, bitsPerPixel, compression, pixelOffset } = header;
  const channels = header.masks[3] === 0 ? 3 : 4;
  const rle = compression === RLE8 || compression === RLE4;
  if (!rle && pixelOffset + rowBytes(header) * height > file.length) throw corrupt('it is truncated');
  const pixels: BmpPixels = { data: new Uint8Array(width * height * channels), width, height, channels };
  if (rle) {
    const indices = await runLengthIndices(file, pixelOffset, {
      width,
      height,
      fourBit: compression === RLE4,
    });
    if (indices === undefined) throw corrupt('it is truncated');
    await fromIndices(indices, file, header, pixels);
  } else if (bitsPerPixel <= 8) await fromPackedIndices(file, header, pixels);
  else if (bitsPerPixel === 24) await from24Bit(file, header, pixels);
  else await fromMasks(file, header, pixels);
  return pixels;
}

/** Rows in the file end on a 32-bit boundary. */
function rowBytes({ width, bitsPerPixel }: BmpHeader): number {
  return Math.ceil((width * bitsPerPixel) / 32) * 4;
}

/** Index in the picture of a row of the file. */
function rowInPicture(header: BmpHeader, row: number): number {
  return header.bottomUp ? header.height - 1 - row : row;
}

async function from24Bit(file: Buffer, header: BmpHeader, { data, width, height }: BmpPixels): Promise<void> {
  for await (const { left, top, right, bottom } of blocks(width, height))
    for (let row = top; row < bottom; row += 1) {
      let to = (rowInPicture(header, row) * width + left) * 3;
      let from = header.pixelOffset + row * rowBytes(header) + left * 3;
      for (let x = left; x < right; x += 1, from += 3, to += 3) {
        data[to] = file[from + 2] ?? 0;
        data[to + 1] = file[from + 1] ?? 0;
        data[to + 2] = file[from] ?? 0;
      }
    }
}

/** The 8-bit sample of each value of a mask. */
function maskReader(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const largest = mask >>> shift;
  return (pixel) => Math.round((((pixel & mask) >>> shift) * 255) / largest);
}

async function fromMasks(file: Buffer, header: BmpHeader, pixels: BmpPixels): Promise<void> {
  const { data, width, height, channels } = pixels;
  const bytes = header.bitsPerPixel / 8;
  const readers = header.masks.slice(0, channels).map(maskReader);
  for await (const { left, top, right, bottom } of blocks(width, height))
    for (let row = top; row < bottom; row += 1) {
      let to = (rowInPicture(header, row) * width + left) * channels;
      const start = header.pixelOffset + row * rowBytes(header);
      for (let x = left; x < right; x += 1) {
        const pixel = bytes === 2 ? file.readUInt16LE(start + x * 2) : file.readUInt32LE(start + x * 4);
        for (const read of readers) data[to++] = read(pixel);
      }
    }
}

async function fromPackedIndices(file: Buffer, header: BmpHeader, pixels: BmpPixels): Promise<void> {
  const { width, height, bitsPerPixel } = header;
  const indices = new Uint8Array(width * height);
  const mask = 2 ** bitsPerPixel - 1;
  for await (const { left, top, right, bottom } of blocks(width, height))
    for (let row = top; row < bottom; row += 1) {
      const start = header.pixelOffset + row * rowBytes(header);
      for (let x = left; x < right; x += 1) {
        const bit = x * bitsPerPixel;
        const byte = file[start + (bit >> 3)] ?? 0;
        indices[row * width + x] = (byte >> (8 - bitsPerPixel - (bit & 7))) & mask;
      }
    }
  await fromIndices(indices, file, header, pixels);
}

/** Converts palette indices in the file's row order to RGB. An index beyond the palette is black, as in other decoders. */
async function fromIndices(
  indices: Uint8Array,
  file: Buffer,
  header: BmpHeader,
  { data, width, height }: BmpPixels,
): Promise<void> {
  for await (const { left, top, right, bottom } of blocks(width, height))
    for (let row = top; row < bottom; row += 1) {
      let to = (rowInPicture(header, row) * width + left) * 3;
      for (let x = left; x < right; x += 1, to += 3) {
        const index = indices[row * width + x] ?? 0;
        if (index >= header.paletteLength) continue;
        const entry = header.paletteOffset + index * header.paletteEntryBytes;
        data[to] = file[entry + 2] ?? 0;
        data[to + 1] = file[entry + 1] ?? 0;
        data[to + 2] = file[entry] ?? 0;
      }
    }
}
