import sharp, { type Sharp } from 'sharp';
import { TesseraError } from '../../domain/errors.js';
import type { OutputFormat, UpscaleOptions } from '../../domain/types.js';
import { asDiskFull } from '../../host/disk-full.js';
import { formatsByPreference } from '../../options/result-format.js';
import { fits, type PipelineLimits } from '../limits.js';
import type { ResultMetadata } from '../metadata/image-metadata.js';
import { fitsJpeg, MAX_JPEG_EXIF_BYTES } from '../metadata/jpeg-segments.js';

/** Properties of a decoded image that its format depends on. */
export interface FormatRequest {
  readonly options: Pick<UpscaleOptions, 'format' | 'accept'>;
  readonly transparent: boolean;
  readonly sixteenBit: boolean;
  readonly width: number;
  readonly height: number;
  readonly metadata: ResultMetadata;
}

/**
 * Chooses the format of the result: the first requested format that can hold the image and its metadata, and PNG at
 * last.
 * @throws TesseraError output_too_large for metadata that the requested format cannot hold.
 */
export function chooseFormat(request: FormatRequest, limits: PipelineLimits): OutputFormat {
  const { options, width, height, metadata } = request;
  const wished = formatsByPreference(options, request);
  if (options.format !== 'auto') {
    if (options.format === 'jpeg') checkJpegMetadata(metadata);
    return options.format;
  }
  const holds = (format: OutputFormat) =>
    fits(format, width, height, limits) && (format !== 'jpeg' || tooLargeForJpeg(metadata) === undefined);
  return wished.find(holds) ?? 'png';
}

/** The kind of metadata that JPEG cannot hold: EXIF has one segment, and no single property of XMP may exceed one. */
function tooLargeForJpeg({ exif, xmp }: ResultMetadata): { name: string; bytes: number } | undefined {
  if (exif !== undefined && exif.length > MAX_JPEG_EXIF_BYTES) return { name: 'EXIF', bytes: exif.length };
  if (xmp !== undefined && !fitsJpeg(xmp)) return { name: 'XMP', bytes: xmp.length };
  return undefined;
}

function checkJpegMetadata(metadata: ResultMetadata): void {
  const excess = tooLargeForJpeg(metadata);
  if (excess === undefined) return;
  const accepted = 'strip, or another format than jpeg';
  throw new TesseraError(
    'output_too_large',
    `The ${excess.name} of this image takes ${excess.bytes} bytes, which JPEG cannot hold; ask for PNG, WebP, AVIF or TIFF, or for metadata=strip.`,
    { details: { parameter: 'metadata', accepted } },
  );
}

/**
 * JPEG settings: full chroma from quality 90. Fixed Huffman tables and baseline: 96 megapixels then take 22 MB and
 * 0.3 s, where sharp's default takes 567 MB and a second.
 */
export function jpegOptions(quality: number) {
  return {
    quality,
    chromaSubsampling: quality >= 90 ? '4:4:4' : '4:2:0',
    optimiseCoding: false,
    progressive: false,
  } as const;
}

/** The source and settings of an encoding. */
export interface EncodeRequest {
  /** The path of a completed canvas. */
  readonly canvasPath: string;
  readonly grey: boolean;
  readonly sixteenBit: boolean;
  readonly transparent: boolean;
  /** The canvas has a profile, and so will the result. */
  readonly profiled: boolean;
  /** Size of the canvas and of the result. */
  readonly from: { readonly width: number; readonly height: number };
  readonly to: { readonly width: number; readonly height: number };
  readonly format: OutputFormat;
  readonly quality: number;
  /** Above 0 and up to 1. */
  readonly sharpen?: number;
  readonly background: readonly [number, number, number];
  readonly resultPath: string;
  /** Time limit in seconds, 1 to 3600. AVIF's encoder cannot be stopped, hence its limit of pixels. */
  readonly timeoutSeconds: number;
}

/**
 * Streams a canvas through the last resize (if its size is not the promised one) and the encoder into a file.
 * @throws TesseraError disk_full, output_too_large.
 */
export async function encode(request: EncodeRequest): Promise<void> {
  const { from, to } = request;
  let image = sharp(request.canvasPath, { limitInputPixels: false, unlimited: true });
  if (from.width !== to.width || from.height !== to.height)
    image = image.resize(to.width, to.height, { fit: 'fill', kernel: 'lanczos3', fastShrinkOnLoad: false });
  if (request.transparent && request.format === 'jpeg') {
    const [r, g, b] = request.background;
    image = image.flatten({ background: { r, g, b } });
  }
  if (request.sharpen !== undefined) image = image.sharpen(sharpening(request.sharpen));
  const sixteenBit = request.sixteenBit && (request.format === 'png' || request.format === 'tiff');
  image = image.toColourspace(request.grey ? (sixteenBit ? 'grey16' : 'b-w') : sixteenBit ? 'rgb16' : 'srgb');
  // sharp would transform every pixel to add a profile itself.
  if (request.profiled) image = image.keepIccProfile();
  image = image.timeout({ seconds: request.timeoutSeconds });
  try {
    await withEncoder(image, request).toFile(request.resultPath);
  } catch (error) {
    throw asDiskFull(error);
  }
}

/**
 * Settings of libvips' sharpen, which works on CIE L (0 to 100). A difference of up to half a level of L to the surroundings counts as flat
 * and stays (`m1`). What goes beyond is raised by `m2` times that, at most by 3 upwards and 4 downwards: ten levels of 255, too few for a
 * halo. An enlarged picture has its detail at 1.5 pixels (`sigma`), hardly any at 0.8.
 */
function sharpening(amount: number) {
  return { sigma: 1.5, m1: 0, m2: 4 * amount, x1: 0.5, y2: 3 * amount, y3: 4 * amount };
}

function withEncoder(image: Sharp, { format, quality, to }: EncodeRequest): Sharp {
  switch (format) {
    case 'jpeg':
      return image.jpeg(jpegOptions(quality));
    case 'png':
      // No quality, because it would make a palette image. With filters at level 2, photographs take a quarter less
      // than at sharp's level 6 without filters, in about the same time.
      return image.png({ compressionLevel: 2, adaptiveFiltering: true });
    case 'webp':
      // Half the time of the default effort 4, for 0.3 dB.
      return image.webp({ quality, effort: 2 });
    case 'avif':
      // 6 megapixels took 30 s of processor time at the default effort 4, 3.7 s at 3 and 1.7 s at 1.
      return image.avif({ quality, effort: to.width * to.height > 4e6 ? 1 : 3 });
    case 'tiff':
      return image.tiff({ compression: 'deflate', predictor: 'horizontal' });
  }
}
