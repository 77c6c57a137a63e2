import { readFile } from 'node:fs/promises';
import sharp, { type Metadata } from 'sharp';
import { TesseraError } from '../errors.js';
import type { Raster } from '../tiling/cut.js';
import type { ImageHeader } from '../types.js';
import { separated } from './alpha.js';
import { decodeBmp, readBmpHeader } from './bmp.js';
import { isUsableProfile } from './colour/icc-profile.js';
import { toSrgb } from './colour/rgb-space.js';
import { ycbcrToRgb } from './colour/ycbcr.js';
import { corruptImage } from './header.js';
import { checkInputSize, type PipelineLimits } from './limits.js';
import { decoderLacksMemory } from './memory.js';
import { type ImageMetadata, withoutOrientation } from './metadata.js';
import type { FileFacts } from './scan/facts.js';
import { scanStructure } from './scan/scan.js';
import { sharpSource } from './source.js';
import { strictPixels } from './strict-pixels.js';

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
 * Decodes the first frame or page, whole: orientation applied, colours converted to sRGB by the embedded profile or by what else the file says
 * of them (CMYK by libvips' own profile where there is none), palettes and 1-bit images expanded, 16 bits kept.
 * @param keepMetadata also return EXIF and XMP.
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
  // Once more: the file may have been admitted by an older version, before a restart.
  const facts = scanStructure(path, header.format, limits);
  try {
    return await decodeWithSharp(path, header, facts, keepMetadata, limits, timeoutSeconds);
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
  path: string,
  header: ImageHeader,
  facts: FileFacts,
  keepMetadata: boolean,
  limits: PipelineLimits,
  timeoutSeconds: number,
): Promise<DecodedImage> {
  const source = await sharpSource(path, facts);
  const limitInputPixels = Math.floor(limits.maxInputPixels);
  const found = await sharp(source, { limitInputPixels }).metadata();
  checkInputSize(found.width, found.height, limits);
  const sixteenBit = found.depth === 'ushort';
  const { data, info } = await strictPixels(header.format, (failOn) => {
    const profile = profileUse(found, facts);
    const image = sharp(source, {
      failOn,
      limitInputPixels,
      autoOrient: true,
      sequentialRead: true,
      ignoreIcc: profile.ignoreFirst,
    }).toColourspace(profile.colourspace);
    return (profile.toSrgbLast ? image.withIccProfile('srgb') : image)
      .timeout({ seconds: timeoutSeconds })
      .raw({ depth: sixteenBit ? 'ushort' : 'uchar' });
  });
  const samples = sixteenBit ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
  const { width, height, channels } = info;
  if (facts.ycbcr !== undefined && !(samples instanceof Uint16Array))
    await ycbcrToRgb(samples, channels, facts.ycbcr);
  const image = await separated({ data: samples, width, height, channels }, facts);
  if (facts.rgbSpace !== undefined) await toSrgb(image.colour.data, 3, facts.rgbSpace);
  return {
    ...image,
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

/** How sharp is to use a profile. */
interface ProfileUse {
  readonly colourspace: 'srgb' | 'rgb16' | 'grey16';
  readonly ignoreFirst: boolean;
  readonly toSrgbLast: boolean;
}

/**
 * One exact transform from the embedded profile to sRGB. 8 bits and CMYK go through sharp's own, at the beginning. Of 16 bits that one leads to
 * Display P3 (RGB), or is left out (grey), so it is skipped, and the one to sRGB at the end starts from the embedded profile.
 */
function profileUse({ depth, icc, space }: Metadata, facts: FileFacts): ProfileUse {
  if (depth !== 'ushort')
    return { colourspace: 'srgb', ignoreFirst: facts.ycbcr !== undefined, toSrgbLast: false };
  const grey = space === 'grey16';
  if (icc === undefined || (!grey && space !== 'rgb16'))
    return { colourspace: 'rgb16', ignoreFirst: false, toSrgbLast: false };
  const fits = isUsableProfile(icc, grey ? 'GRAY' : 'RGB ');
  return { colourspace: grey && fits ? 'grey16' : 'rgb16', ignoreFirst: true, toSrgbLast: fits };
}
