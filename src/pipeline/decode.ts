import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { TesseraError } from '../errors.js';
import type { Raster } from '../tiling/cut.js';
import type { ImageHeader, InputFormat } from '../types.js';
import { blocks } from './blocks.js';
import { decodeBmp, readBmpHeader } from './bmp.js';
import { corruptImage } from './header.js';
import { checkInputSize, type PipelineLimits } from './limits.js';
import { decoderLacksMemory } from './memory.js';
import type { SourceMetadata } from './metadata/image-metadata.js';
import { bmpResolution, sourceMetadata } from './metadata/source-metadata.js';
import { keptProfile, type ProfileColours } from './profile.js';
import { scanStructure } from './scan/scan.js';

/** An image as the network wants it. All planes have the same size and sample type; owned by the caller. */
export interface DecodedImage {
  /** Interleaved RGB, as shown: orientation applied. */
  readonly colour: Raster;
  /** What the samples of `colour` mean; undefined: sRGB. */
  readonly icc: Buffer | undefined;
  /** The source has a profile that was asked to be kept and cannot be: its colours were converted. */
  readonly profileLost: boolean;
  /** One channel; undefined when the image is opaque everywhere. */
  readonly alpha: Raster | undefined;
  /** The source has one neutral channel; `colour` still has three equal ones. */
  readonly grey: boolean;
  readonly sixteenBit: boolean;
  /** As the source has it: its resolution, the rest only where it was asked for. */
  readonly metadata: SourceMetadata;
}

/** What a result is to have of its source beside the picture. */
export interface Keep {
  readonly metadata: boolean;
  /** Profiles that are kept instead of converting to sRGB; undefined when that was not asked for. */
  readonly profiles: readonly ProfileColours[] | undefined;
}

/**
 * Decodes the first frame or page: orientation applied, colours converted to sRGB by the embedded profile (CMYK by
 * libvips' own where there is none), palettes and 1-bit images expanded, 16 bits kept.
 * @param keep EXIF and XMP are returned as well; samples with such a profile are not converted.
 * @param timeoutSeconds when to give up, 1..3600; that ends as corrupt_image, unless the caller looks at the clock first.
 * @throws TesseraError unsupported_image; corrupt_image, also when pixels are missing at the end; image_too_large. What libvips says when memory runs
 * out comes out as it is.
 */
export async function decode(
  path: string,
  header: ImageHeader,
  keep: Keep,
  limits: PipelineLimits,
  timeoutSeconds: number,
): Promise<DecodedImage> {
  if (header.format === 'bmp') return decodeBmpFile(path, limits);
  // Once more: the file may have been admitted by an older version, before a restart.
  scanStructure(path, header.format, limits);
  try {
    return await decodeWithSharp(path, header.format, keep, limits, timeoutSeconds);
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
  const resolution = bmpResolution(file);
  return {
    ...(await separated({ data, width, height, channels })),
    icc: undefined,
    profileLost: false,
    grey: false,
    sixteenBit: false,
    metadata: resolution === undefined ? {} : { resolution },
  };
}

async function decodeWithSharp(
  path: string,
  format: InputFormat,
  keep: Keep,
  limits: PipelineLimits,
  timeoutSeconds: number,
): Promise<DecodedImage> {
  const open = (ignoreIcc: boolean) =>
    sharp(path, {
      failOn: 'error',
      limitInputPixels: Math.floor(limits.maxInputPixels),
      autoOrient: true,
      sequentialRead: true,
      ignoreIcc,
    });
  const found = await open(false).metadata();
  checkInputSize(found.width, found.height, limits);
  const icc = keptProfile(found, keep.profiles ?? []);
  const image = open(icc !== undefined);
  const sixteenBit = found.depth === 'ushort';
  let pipeline = image.toColourspace(sixteenBit ? 'rgb16' : 'srgb');
  // sharp works on 16-bit images with a profile in Display P3; without one it leaves them alone, and so must we.
  if (sixteenBit && icc === undefined && found.icc !== undefined && found.space !== 'grey16')
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
    icc,
    profileLost: keep.profiles !== undefined && icc === undefined && found.icc !== undefined,
    metadata: sourceMetadata(path, format, found, keep.metadata),
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
