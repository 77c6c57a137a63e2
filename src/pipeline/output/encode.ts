import sharp, { type Sharp } from 'sharp';
import { TesseraError } from '../../domain/errors.js';
import type { OutputFormat, UpscaleOptions } from '../../domain/types.js';
import { asDiskFull } from '../../host/disk-full.js';
import { formatsByPreference } from '../../options/result-format.js';
import { fits, type PipelineLimits } from '../limits.js';
import type { ResultMetadata } from '../metadata/image-metadata.js';
import { fitsJpeg, MAX_JPEG_EXIF_BYTES } from '../metadata/jpeg-segments.js';

/** What the choice of a format depends on, once the image is decoded. */
export interface FormatRequest {
  readonly options: Pick<UpscaleOptions, 'format' | 'accept'>;
  readonly transparent: boolean;
  readonly sixteenBit: boolean;
  readonly width: number;
  readonly height: number;
  readonly metadata: ResultMetadata;
}

/**
 * The format of the result: of those that the request takes, the first that can hold the image and its metadata, at last PNG.
 * @throws TesseraError output_too_large, for metadata that the format asked for cannot hold.
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

/** What of the metadata is more than JPEG holds: EXIF has one segment, and of XMP no single property may be too long for one. */
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
 * JPEG settings: all chroma from quality 90; fixed Huffman tables and baseline, which at 96 megapixels take 22 MB and
 * 0.3 s where sharp's own default takes 567 MB and a second.
 */
export function jpegOptions(quality: number) {
  return {
    quality,
    chromaSubsampling: quality >= 90 ? '4:4:4' : '4:2:0',
    optimiseCoding: false,
    progressive: false,
  } as const;
}

/** A file that sharp can read, and what becomes of it. */
export interface EncodeRequest {
  /** A completed canvas. */
  readonly canvasPath: string;
  readonly grey: boolean;
  readonly sixteenBit: boolean;
  readonly transparent: boolean;
  /** The canvas carries a profile, which the result is to have. */
  readonly profiled: boolean;
  /** Size on the canvas, and of the result. */
  readonly from: { readonly width: number; readonly height: number };
  readonly to: { readonly width: number; readonly height: number };
  readonly format: OutputFormat;
  readonly quality: number;
  readonly background: readonly [number, number, number];
  readonly resultPath: string;
  /** When to give up, 1..3600. AVIF's encoder cannot be stopped, hence its cap on pixels. */
  readonly timeoutSeconds: number;
}

/**
 * Streams a canvas through the last resize, when its size is not the promised one, and the encoder, to a file.
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
  const sixteenBit = request.sixteenBit && (request.format === 'png' || request.format === 'tiff');
  image = image.toColourspace(request.grey ? (sixteenBit ? 'grey16' : 'b-w') : sixteenBit ? 'rgb16' : 'srgb');
  // For a tag of its own sharp would transform every pixel.
  if (request.profiled) image = image.keepIccProfile();
  image = image.timeout({ seconds: request.timeoutSeconds });
  try {
    await withEncoder(image, request).toFile(request.resultPath);
  } catch (error) {
    throw asDiskFull(error);
  }
}

function withEncoder(image: Sharp, { format, quality, to }: EncodeRequest): Sharp {
  switch (format) {
    case 'jpeg':
      return image.jpeg(jpegOptions(quality));
    case 'png':
      // No quality: it would make a palette image. Filtered at level 2, photographs take a quarter less than at sharp's
      // level 6 without filters, in about the same time.
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
