import { LANCZOS, MAX_TILE_PX, type ModelStatus } from '../../domain/types.js';
import type { JobRequest } from '../job.js';
import type { JobCost } from './demand.js';

/** Encoders that hold the whole image, in bytes for each of its pixels: measured, 16 megapixels took 600 MB and 80 MB. */
const AVIF_BYTES_PER_PIXEL = 40;
const WEBP_BYTES_PER_PIXEL = 6;
/** Scale of a request that names none, before an engine has told of its models. */
const DEFAULT_SCALE = 4;

/** What an engine takes before its first image, model and runtime included: measured, 110 to 180 MB of anonymous memory. */
export const ENGINE_BASE_BYTES = 200e6;

/** What a job will take, from its header and options: estimates from above, for admission alone. */
export function jobCost({ header, options }: JobRequest, models: readonly ModelStatus[]): JobCost {
  const pixels = header.width * header.height;
  const model = models.find(({ name, chainPosition }) =>
    options.model === undefined ? chainPosition === 1 : name === options.model,
  );
  const scale = options.scale ?? model?.scale ?? DEFAULT_SCALE;
  const sampleBytes = (header.hasAlpha ? 4 : 3) * (header.sixteenBit ? 2 : 1);
  const inputBytes = pixels * sampleBytes;
  const outputPixels = pixels * scale * scale;
  const drawnScale = largestDrawnScale(options.model, scale, models);
  const drawnPixels = pixels * drawnScale * drawnScale;
  const alphaBytes = header.hasAlpha ? (header.sixteenBit ? 2 : 1) : 0;
  const stripBytes =
    header.width *
    Math.min(header.height, options.tileSizePx ?? MAX_TILE_PX) *
    drawnScale *
    drawnScale *
    sampleBytes;
  return {
    pixels,
    // Decoded, and once more while it is brought upright into sRGB; a strip being filled and one being written.
    memoryBytes: 2 * inputBytes + 2 * stripBytes + outputPixels * encoderBytesPerPixel(options),
    // The canvas, alpha once more on one of its own, a result that does not shrink at all, as a photograph in PNG may not, and a developed HEIC.
    diskBytes:
      drawnPixels * (sampleBytes + alphaBytes) +
      outputPixels * sampleBytes +
      (header.format === 'heic' ? inputBytes : 0),
  };
}

/** The largest scale at which a model that may serve leaves its canvas: its own where the result is smaller, as encoders do the reducing. */
function largestDrawnScale(named: string | undefined, scale: number, models: readonly ModelStatus[]): number {
  if (named === LANCZOS) return scale;
  const mayServe = models.filter(
    ({ name, family, installed, chainPosition }) =>
      installed && family !== LANCZOS && (name === named || chainPosition !== undefined),
  );
  const drawn = mayServe.map((model) =>
    // An ×2 model reaches more by a second pass.
    model.scale === 2 && scale > 2 ? 4 : model.scale,
  );
  return Math.max(scale, ...(drawn.length === 0 ? [DEFAULT_SCALE] : drawn));
}

function encoderBytesPerPixel({ format, accept }: JobRequest['options']): number {
  if (format === 'avif') return AVIF_BYTES_PER_PIXEL;
  return format === 'webp' || (format === 'auto' && accept.includes('image/webp')) ? WEBP_BYTES_PER_PIXEL : 0;
}
