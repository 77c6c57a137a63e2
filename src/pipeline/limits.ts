import type { Config } from '../config/config.js';
import { TesseraError } from '../domain/errors.js';
import { OUTPUT_FORMATS, type OutputFormat, type UpscaleOptions } from '../domain/types.js';
import { sizeParameter } from '../options/result-size.js';

/** Limits of one image, from the configuration and the machine. */
export interface PipelineLimits {
  readonly maxInputPixels: number;
  readonly maxOutputPixels: number;
  /** A limit of its own, because AVIF's encoder is slow and takes much memory. */
  readonly maxAvifPixels: number;
}

/** The limits from the configuration. */
export function pipelineLimits(
  config: Pick<Config, 'MAX_INPUT_MEGAPIXELS' | 'MAX_OUTPUT_MEGAPIXELS' | 'MAX_AVIF_MEGAPIXELS'>,
): PipelineLimits {
  return {
    maxInputPixels: config.MAX_INPUT_MEGAPIXELS * 1e6,
    maxOutputPixels: config.MAX_OUTPUT_MEGAPIXELS * 1e6,
    maxAvifPixels: config.MAX_AVIF_MEGAPIXELS * 1e6,
  };
}

const MAX_SIDE_PX: Readonly<Record<OutputFormat, number>> = {
  jpeg: 65_500,
  png: 1_000_000,
  webp: 16_383,
  avif: 16_384,
  tiff: 1_000_000,
};

function megapixels(pixels: number): string {
  return `${Number((pixels / 1e6).toPrecision(3))} megapixels`;
}

/** @throws TesseraError image_too_large. */
export function checkInputSize(width: number, height: number, limits: PipelineLimits): void {
  if (width * height <= limits.maxInputPixels) return;
  throw new TesseraError(
    'image_too_large',
    `The image has ${width} x ${height} pixels (${megapixels(width * height)}); at most ${megapixels(limits.maxInputPixels)} are accepted.`,
    { details: { parameter: 'file', accepted: `up to ${megapixels(limits.maxInputPixels)}` } },
  );
}

/** Whether a format can hold an image of this size. */
export function fits(format: OutputFormat, width: number, height: number, limits: PipelineLimits): boolean {
  return (
    Math.max(width, height) <= MAX_SIDE_PX[format] &&
    (format !== 'avif' || width * height <= limits.maxAvifPixels)
  );
}

/**
 * @param options `format=auto` picks a format that can hold the image, so only pixels count. Errors name the option that decides the size.
 * @throws TesseraError output_too_large with the limit of the format or the service.
 */
export function checkOutputSize(
  { width, height }: { readonly width: number; readonly height: number },
  options: Pick<UpscaleOptions, 'format' | 'size'>,
  limits: PipelineLimits,
): void {
  const { format } = options;
  const refuse = (accepted: string, parameter: string) =>
    new TesseraError(
      'output_too_large',
      `The result would have ${width} x ${height} pixels (${megapixels(width * height)}); accepted: ${accepted}.`,
      { details: { parameter, accepted } },
    );
  if (width * height > limits.maxOutputPixels)
    throw refuse(`up to ${megapixels(limits.maxOutputPixels)}`, sizeParameter(options));
  if (format === 'auto') {
    if (!OUTPUT_FORMATS.some((each) => fits(each, width, height, limits)))
      throw refuse(`up to ${MAX_SIDE_PX.png} pixels a side`, sizeParameter(options));
    return;
  }
  if (Math.max(width, height) > MAX_SIDE_PX[format])
    throw refuse(`up to ${MAX_SIDE_PX[format]} pixels a side in ${format.toUpperCase()}`, 'format');
  if (format === 'avif' && width * height > limits.maxAvifPixels)
    throw refuse(`up to ${megapixels(limits.maxAvifPixels)} in AVIF`, 'format');
}
