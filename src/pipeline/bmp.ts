import { TesseraError } from '../errors.js';

/** The header of a BMP file, checked against the file's own length; nothing is allocated for it. */
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

function corrupt(why: string): TesseraError {
  return new TesseraError('corrupt_image', `The BMP image is damaged: ${why}.`, {
    details: { parameter: 'file' },
  });
}

/** As many leading bytes as the header may take. */
export const BMP_HEADER_BYTES = 138;

/**
 * Reads the header by Microsoft's BITMAPFILEHEADER, BITMAPCOREHEADER and BITMAPINFOHEADER to BITMAPV5HEADER.
 * @param head the first `BMP_HEADER_BYTES` bytes, or all there are.
 * @throws TesseraError corrupt_image; unsupported_image for embedded JPEG or PNG.
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
      masks: [0, 0, 0, 0],
      paletteOffset: 26,
      paletteEntryBytes: 3,
      paletteLength: bitsPerPixel <= 8 ? 2 ** bitsPerPixel : 0,
    });
  }
  if (head.length < 54) throw corrupt('its header is cut off');
  const height = head.readInt32LE(22);
  const bitsPerPixel = head.readUInt16LE(28);
  const compression = head.readUInt32LE(30);
  if (compression === 4 || compression === 5)
    throw new TesseraError('unsupported_image', 'A BMP file with embedded JPEG or PNG is not supported.', {
      details: { parameter: 'file' },
    });
  const coloursUsed = head.readUInt32LE(46);
  const hasMasks = compression === BITFIELDS || compression === ALPHA_BITFIELDS;
  const hasAlphaMask = compression === ALPHA_BITFIELDS || headerBytes >= 56;
  // Behind a plain info header the masks follow it; larger headers hold them.
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
      : bitsPerPixel === 16
        ? [0x7c00, 0x03e0, 0x001f, 0]
        : [0xff0000, 0xff00, 0xff, 0],
    paletteOffset: 14 + headerBytes + maskBytes,
    paletteEntryBytes: 4,
    paletteLength: bitsPerPixel <= 8 ? Math.min(coloursUsed || 256, 2 ** bitsPerPixel) : 0,
  });
}

function checked(header: BmpHeader): BmpHeader {
  const { width, height, bitsPerPixel, compression } = header;
  if (width <= 0 || height <= 0) throw corrupt('it has no pixels');
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
 * Decodes a whole BMP file. Our own reader rather than bmp-ts, which ends 4-bit images of odd width after their first
 * row, ignores where the header says the pixels begin, and reads past absolute runs of RLE.
 * @param header from the same file, already within the limits.
 * @throws TesseraError corrupt_image when pixels are missing.
 */
export function decodeBmp(file: Buffer, header: BmpHeader): BmpPixels {
  if (header.paletteOffset + header.paletteLength * header.paletteEntryBytes > file.length)
    throw corrupt('its palette is cut off');
  const channels = header.masks[3] === 0 ? 3 : 4;
  const rle = header.compression === RLE8 || header.compression === RLE4;
  if (!rle) {
    const rowBytes = Math.ceil((header.width * header.bitsPerPixel) / 32) * 4;
    if (header.pixelOffset + rowBytes * header.height > file.length) throw corrupt('it is truncated');
  }
  const data = new Uint8Array(header.width * header.height * channels);
  const pixels: BmpPixels = { data, width: header.width, height: header.height, channels };
  if (rle) fromIndices(runLengthIndices(file, header), header.width, file, header, pixels);
  else if (header.bitsPerPixel <= 8) fromPackedIndices(file, header, pixels);
  else if (header.bitsPerPixel === 24) from24Bit(file, header, pixels);
  else fromMasks(file, header, pixels);
  return pixels;
}

/** Where a row of the file belongs in the picture. */
function rowInPicture(header: BmpHeader, row: number): number {
  return header.bottomUp ? header.height - 1 - row : row;
}

function from24Bit(file: Buffer, header: BmpHeader, { data, width }: BmpPixels): void {
  const rowBytes = Math.ceil((width * 24) / 32) * 4;
  for (let row = 0; row < header.height; row += 1) {
    let to = rowInPicture(header, row) * width * 3;
    let from = header.pixelOffset + row * rowBytes;
    for (let x = 0; x < width; x += 1, from += 3, to += 3) {
      data[to] = file[from + 2] ?? 0;
      data[to + 1] = file[from + 1] ?? 0;
      data[to + 2] = file[from] ?? 0;
    }
  }
}

/** For each value that a mask can take, the 8-bit sample. */
function maskReader(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const largest = mask >>> shift;
  return (pixel) => Math.round((((pixel & mask) >>> shift) * 255) / largest);
}

function fromMasks(file: Buffer, header: BmpHeader, { data, width, channels }: BmpPixels): void {
  const bytes = header.bitsPerPixel / 8;
  const rowBytes = Math.ceil((width * header.bitsPerPixel) / 32) * 4;
  const readers = header.masks.slice(0, channels).map(maskReader);
  for (let row = 0; row < header.height; row += 1) {
    let to = rowInPicture(header, row) * width * channels;
    const start = header.pixelOffset + row * rowBytes;
    for (let x = 0; x < width; x += 1) {
      const pixel = bytes === 2 ? file.readUInt16LE(start + x * 2) : file.readUInt32LE(start + x * 4);
      for (const read of readers) data[to++] = read(pixel);
    }
  }
}

function fromPackedIndices(file: Buffer, header: BmpHeader, pixels: BmpPixels): void {
  const { width, height, bitsPerPixel } = header;
  const rowBytes = Math.ceil((width * bitsPerPixel) / 32) * 4;
  const indices = new Uint8Array(width * height);
  const mask = 2 ** bitsPerPixel - 1;
  for (let row = 0; row < height; row += 1) {
    const start = header.pixelOffset + row * rowBytes;
    for (let x = 0; x < width; x += 1) {
      const bit = x * bitsPerPixel;
      const byte = file[start + (bit >> 3)] ?? 0;
      indices[row * width + x] = (byte >> (8 - bitsPerPixel - (bit & 7))) & mask;
    }
  }
  fromIndices(indices, width, file, header, pixels);
}

/** Palette indices in the file's order of rows → RGB. An index beyond the palette is black, as elsewhere. */
function fromIndices(
  indices: Uint8Array,
  width: number,
  file: Buffer,
  header: BmpHeader,
  { data }: BmpPixels,
): void {
  for (let row = 0; row < header.height; row += 1) {
    let to = rowInPicture(header, row) * width * 3;
    for (let x = 0; x < width; x += 1, to += 3) {
      const index = indices[row * width + x] ?? 0;
      if (index >= header.paletteLength) continue;
      const entry = header.paletteOffset + index * header.paletteEntryBytes;
      data[to] = file[entry + 2] ?? 0;
      data[to + 1] = file[entry + 1] ?? 0;
      data[to + 2] = file[entry] ?? 0;
    }
  }
}

/** Unpacks RLE8 and RLE4; pixels that are skipped are index 0. @throws TesseraError when the data end too early. */
function runLengthIndices(file: Buffer, header: BmpHeader): Uint8Array {
  const { width, height } = header;
  const fourBit = header.compression === RLE4;
  const indices = new Uint8Array(width * height);
  let at = header.pixelOffset;
  let x = 0;
  let row = 0;
  const put = (index: number) => {
    if (x < width && row < height) indices[row * width + x] = index;
    x += 1;
  };
  const next = (): number => {
    const byte = file[at];
    if (byte === undefined) throw corrupt('it is truncated');
    at += 1;
    return byte;
  };
  while (row < height) {
    const count = next();
    const value = next();
    if (count > 0) {
      for (let i = 0; i < count; i += 1) put(fourBit ? (i % 2 === 0 ? value >> 4 : value & 15) : value);
    } else if (value === 0) {
      x = 0;
      row += 1;
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      x += next();
      row += next();
    } else {
      const start = at;
      let byte = 0;
      for (let i = 0; i < value; i += 1) {
        if (!fourBit || i % 2 === 0) byte = next();
        put(fourBit ? (i % 2 === 0 ? byte >> 4 : byte & 15) : byte);
      }
      if ((at - start) % 2 === 1) at += 1;
    }
  }
  return indices;
}
