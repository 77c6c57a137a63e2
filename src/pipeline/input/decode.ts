import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { TesseraError } from '../../domain/errors.js';
import type { ImageHeader } from '../../domain/types.js';
import type { Raster } from '../../tiling/raster.js';
import type { ProfileColours } from '../colour/icc-profile.js';
import { profileUse } from '../colour/profile-use.js';
import { spaceTransform } from '../colour/rgb-space.js';
import { toSrgb } from '../colour/transform.js';
import { expandRange } from '../colour/video-range.js';
import { ycbcrToRgb } from '../colour/ycbcr.js';
import type { FileFacts } from '../image-facts.js';
import { checkInputSize, type PipelineLimits } from '../limits.js';
import type { SourceMetadata } from '../metadata/image-metadata.js';
import { bmpResolution, sourceMetadata } from '../metadata/source-metadata.js';
import { separated } from '../raster/alpha.js';
import { decoderLacksMemory } from '../raster/out-of-memory.js';
import { scanStructure } from '../scan/scan.js';
import { decodeBmp, readBmpHeader } from './bmp.js';
import { corruptImage } from './header.js';
import { keptProfile } from './profile.js';
import { sharpSource } from './source.js';
import { strictPixels } from './strict-pixels.js';

/** A decoded image. All planes have the same size and sample type; the caller owns them. */
export interface DecodedImage {
  /** Interleaved RGB, orientation applied. */
  readonly colour: Raster;
  /** Profile of the samples of `colour`; undefined: sRGB. */
  readonly icc: Buffer | undefined;
  /** The source's profile was to be kept but cannot be: colours were converted. */
  readonly profileLost: boolean;
  /** One channel; undefined when the whole image is opaque. */
  readonly alpha: Raster | undefined;
  /** The source has one neutral channel; `colour` still has three equal ones. */
  readonly grey: boolean;
  readonly sixteenBit: boolean;
  /** The source's metadata: always its resolution, the rest if requested. */
  readonly metadata: SourceMetadata;
}

/** What to keep of the source besides the picture. */
export interface Keep {
  readonly metadata: boolean;
  /** Profiles to keep instead of converting to sRGB; undefined when that was not requested. */
  readonly profiles: readonly ProfileColours[] | undefined;
}

/**
 * Decodes the first frame or page in full: orientation applied, colours converted to sRGB by the embedded profile or
 * other information in the file (CMYK by libvips' own profile where there is none), palettes and 1-bit images
 * expanded, 16 bits kept.
 * @param path for a HEIC, the file made by `developHeic`.
 * @param keep whether to return EXIF and XMP; profiles whose samples are not converted.
 * @param timeoutSeconds 1..3600; a timeout ends as corrupt_image, unless the caller checks the clock first.
 * @throws TesseraError unsupported_image; corrupt_image, also when pixels are missing at the end; image_too_large.
 * libvips' error passes through when memory runs out.
 */
export async function decode(
  path: string,
  header: ImageHeader,
  keep: Keep,
  limits: PipelineLimits,
  timeoutSeconds: number,
): Promise<DecodedImage> {
  if (header.format === 'bmp') return decodeBmpFile(path, limits);
  // Checked again: an older version may have accepted the file before a restart. A HEIC was scanned before it was
  // developed.
  const facts = header.format === 'heic' ? {} : scanStructure(path, header.format, limits);
  try {
    return await decodeWithSharp(path, header, facts, keep, limits, timeoutSeconds);
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
  header: ImageHeader,
  facts: FileFacts,
  keep: Keep,
  limits: PipelineLimits,
  timeoutSeconds: number,
): Promise<DecodedImage> {
  const source = await sharpSource(path, facts);
  const limitInputPixels = Math.floor(limits.maxInputPixels);
  const found = await sharp(source, { limitInputPixels }).metadata();
  checkInputSize(found.width, found.height, limits);
  const icc = keptProfile(found, keep.profiles ?? []);
  const profile = profileUse(found, facts, icc !== undefined);
  const sixteenBit = found.depth === 'ushort';
  const { data, info } = await strictPixels(header.format, facts.strayBytes === true, (failOn) => {
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
  if (facts.videoRange === true) await expandRange(image.colour.data);
  const transform =
    profile.transform ?? (facts.rgbSpace === undefined ? undefined : spaceTransform(facts.rgbSpace));
  if (transform !== undefined) await toSrgb(image.colour.data, 3, transform);
  return {
    ...image,
    grey: found.space === 'b-w' || found.space === 'grey16',
    sixteenBit,
    icc,
    profileLost:
      keep.profiles !== undefined && icc === undefined && (found.icc ?? facts.rgbSpace) !== undefined,
    metadata: sourceMetadata(path, header.format, found, keep.metadata),
  };
}
