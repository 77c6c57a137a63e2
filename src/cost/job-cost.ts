import {
  type ImageHeader,
  type ImageRequest,
  LANCZOS,
  MAX_TILE_PX,
  type ModelStatus,
  type UpscaleOptions,
} from '../domain/types.js';
import { DEFAULT_SCALE, resolveScale, servingModels } from '../options/resolve-scale.js';
import { resultSize } from '../options/result-size.js';
import { wantedPasses } from './tile-grid.js';

/** Encoders that hold the whole image, in bytes for each of its pixels: measured, 16 megapixels took 600 MB and 80 MB. */
const AVIF_BYTES_PER_PIXEL = 40;
const WEBP_BYTES_PER_PIXEL = 6;

/** What an engine takes before its first image, model and runtime included: measured, 110 to 180 MB of anonymous memory. */
export const ENGINE_BASE_BYTES = 200e6;

/** What a job takes from the machine while it runs. */
export interface JobCost {
  readonly memoryBytes: number;
  /** Beyond its source: scratch and result. */
  readonly diskBytes: number;
  /** Input pixels. */
  readonly pixels: number;
}

/** What a job will take, from its header and options: estimates from above, for admission. */
export function jobCost({ header, options }: ImageRequest, models: readonly ModelStatus[]): JobCost {
  const { width, height, hasAlpha, sixteenBit, format } = header;
  const pixels = width * height;
  const scale = resolveScale({ ...options, sixteenBit }, models);
  const { target, shown, scale: drawn, reducesOnly } = resultSize(options, header, scale);
  const resultPixels = target.width * target.height;
  const drawing = reducesOnly ? { ...options, model: LANCZOS } : options;
  const drawnScale = largestDrawnScale({ ...drawing, sixteenBit }, drawn, models);
  const stripRows = Math.min(height, options.tileSizePx ?? MAX_TILE_PX);
  const pixelBytes = bytesPerPixel(header);
  const alphaBytes = hasAlpha ? pixelBytes / 4 : 0;
  return {
    pixels,
    memoryBytes: imageBytes({ header, options }, { resultPixels, drawnScale, stripRows }),
    // The canvas, alpha once more on one of its own, a result that does not shrink at all, as a photograph in PNG may not, and a developed HEIC.
    diskBytes:
      shown.width * shown.height * drawnScale * drawnScale * (pixelBytes + alphaBytes) +
      resultPixels * pixelBytes +
      (format === 'heic' ? pixels * pixelBytes : 0),
  };
}

/**
 * Memory that an image takes beside a network's tensors: decoded, and once more while it is brought upright into sRGB; a strip being
 * filled and one being written; and what its encoder holds.
 * @param drawnScale of the strips. @param stripRows rows of the source.
 */
export function imageBytes(
  { header, options }: ImageRequest,
  drawing: { readonly resultPixels: number; readonly drawnScale: number; readonly stripRows: number },
): number {
  const { resultPixels, drawnScale, stripRows } = drawing;
  const rows = 2 * header.height + 2 * stripRows * drawnScale * drawnScale;
  return header.width * rows * bytesPerPixel(header) + resultPixels * encoderBytesPerPixel(options);
}

function bytesPerPixel({ hasAlpha, sixteenBit }: ImageHeader): number {
  return (hasAlpha ? 4 : 3) * (sixteenBit ? 2 : 1);
}

/** The largest scale at which a model that may serve draws: its own where the result is smaller, since encoders do the reducing. */
function largestDrawnScale(
  request: Parameters<typeof servingModels>[0],
  scale: number,
  models: readonly ModelStatus[],
): number {
  if (request.model === LANCZOS) return Math.max(1, scale);
  const drawn = servingModels(request, models).map(
    (model) => model.scale ** wantedPasses(model.scale, scale)[0],
  );
  return Math.max(scale, ...(drawn.length === 0 ? [DEFAULT_SCALE] : drawn));
}

function encoderBytesPerPixel({ format, accept }: UpscaleOptions): number {
  if (format === 'avif') return AVIF_BYTES_PER_PIXEL;
  return format === 'webp' || (format === 'auto' && accept.includes('image/webp')) ? WEBP_BYTES_PER_PIXEL : 0;
}
