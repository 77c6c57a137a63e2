import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { TesseraError } from '../errors.js';
import type { Raster } from '../tiling/cut.js';
import type { ImageHeader } from '../types.js';
import { blocks } from './blocks.js';
import { decodeBmp, readBmpHeader } from './bmp.js';
import { corruptImage } from './header.js';
import { readable } from './heif/sequence.js';
import { checkInputSize, type PipelineLimits } from './limits.js';
import { decoderLacksMemory } from './memory.js';
import { type ImageMetadata, withoutOrientation } from './metadata.js';
import { scanStructure } from './scan/scan.js';

/** An image as the network wants it. All planes have the same size and sample type; owned by the caller. */
export interface DecodedImage {
  /** Interleaved sRGB, as shown: orientation applied. */
  readonly colour: Raster;
  /** One channel; undefined when the image is opaque everywhere. */
  readonly alpha: Raster | undefined;
  /** The source has one neutral channel; `colour` still has three equal ones. */
  readonly grey: boolean;
  readonly sixteenBit: boolean;
  /** Only where it was asked for; orientation removed. */
  readonly metadata: ImageMetadata;
}

/**
 * Decodes the first frame or page: orientation applied, colours converted to sRGB by the embedded profile (CMYK by
 * libvips' own where there is none), palettes and 1-bit images expanded, 16 bits kept.
 * @param path of a HEIC: what `developHeic` made of it. @param keepMetadata also return EXIF and XMP.
 * @param timeoutSeconds when to give up, 1..3600; that ends as corrupt_image, unless the caller looks at the clock first.
 * @throws TesseraError unsupported_image; corrupt_image, also when pixels are missing at the end; image_too_large. What libvips says when memory runs
 * out comes out as it is.
 */
export async function decode(
  path: string,
  header: ImageHeader,
  keepMetadata: boolean,
  limits: PipelineLimits,
  timeoutSeconds: number,
): Promise<DecodedImage> {
  if (header.format === 'bmp') return decodeBmpFile(path, limits);
  // Once more: the file may have been admitted by an older version, before a restart. A HEIC was scanned before it was developed.
  if (header.format !== 'heic') scanStructure(path, header.format, limits);
  try {
    return await decodeWithSharp(readable(path, header.format), keepMetadata, limits, timeoutSeconds);
  } catch (error) {
    if (error instanceof TesseraError) throw error;
    if (decoderLacksMemory(error)) throw error;
    throw corruptImage(header.format, error);
  }
}

async function decodeBmpFile(path: string, limits: PipelineLimits): Promise<DecodedImage> {
  const file = await readFile(path);
  const header = readBmpHeader(file);
  checkInputSize(header.width, header.height, limits);
  const { data, width, height, channels } = await decodeBmp(file, header);
  return {
    ...(await separated({ data, width, height, channels })),
    grey: false,
    sixteenBit: false,
    metadata: {},
  };
}

async function decodeWithSharp(
  source: string | Buffer,
  keepMetadata: boolean,
  limits: PipelineLimits,
  timeoutSeconds: number,
): Promise<DecodedImage> {
  const image = sharp(source, {
    failOn: 'error',
    limitInputPixels: Math.floor(limits.maxInputPixels),
    autoOrient: true,
    sequentialRead: true,
  });
  const found = await image.metadata();
  checkInputSize(found.width, found.height, limits);
  const sixteenBit = found.depth === 'ushort';
  let pipeline = image.toColourspace(sixteenBit ? 'rgb16' : 'srgb');
  // sharp works on 16-bit images with a profile in Display P3; without one it leaves them alone, and so must we.
  if (sixteenBit && found.icc !== undefined && found.space !== 'grey16')
    pipeline = pipeline.withIccProfile('srgb');
  const { data, info } = await pipeline
    .timeout({ seconds: timeoutSeconds })
    .raw({ depth: sixteenBit ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const samples = sixteenBit ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
  return {
    ...(await separated({ data: samples, width: info.width, height: info.height, channels: info.channels })),
    grey: found.space === 'b-w' || found.space === 'grey16',
    sixteenBit,
    metadata: keepMetadata
      ? {
          ...(found.exif === undefined ? {} : { exif: withoutOrientation(found.exif) }),
          ...(found.xmp === undefined ? {} : { xmp: found.xmp }),
        }
      : {},
  };
}

/** Splits interleaved pixels of 1 to 4 channels into RGB and alpha, the event loop going on meanwhile; RGB alone is not copied. */
async function separated(image: Raster): Promise<Pick<DecodedImage, 'colour' | 'alpha'>> {
  const { data, width, height, channels } = image;
  if (channels === 3) return { colour: image, alpha: undefined };
  const sixteenBit = data instanceof Uint16Array;
  const plane = (samples: number) => (sixteenBit ? new Uint16Array(samples) : new Uint8Array(samples));
  const pixels = width * height;
  const colour = plane(pixels * 3);
  const neutral = channels < 3;
  const opaque = sixteenBit ? 65535 : 255;
  const alpha = channels === 2 || channels === 4 ? plane(pixels) : undefined;
  let transparent = false;
  // Rows mean nothing here: all pixels are one row.
  for await (const { left, right } of blocks(pixels, 1)) {
    for (let pixel = left, from = left * channels, to = left * 3; pixel < right; pixel += 1) {
      colour[to] = data[from] ?? 0;
      colour[to + 1] = data[neutral ? from : from + 1] ?? 0;
      colour[to + 2] = data[neutral ? from : from + 2] ?? 0;
      if (alpha !== undefined) {
        const opacity = data[from + channels - 1] ?? 0;
        alpha[pixel] = opacity;
        if (opacity !== opaque) transparent = true;
      }
      from += channels;
      to += 3;
    }
  }
  return {
    colour: { data: colour, width, height, channels: 3 },
    alpha: alpha !== undefined && transparent ? { data: alpha, width, height, channels: 1 } : undefined,
  };
}
