import type { ModelStatus } from '../types.js';
import type { JobCost } from './admission.js';
import type { JobRequest } from './job.js';

/** Of formats whose pixels cannot be told beforehand, the hungriest encoder: AVIF's took 600 MB for 16 megapixels. */
const AVIF_BYTES_PER_PIXEL = 40;
/** Larger canvases are files: memory holds a few strips of them at most. */
const CANVAS_IN_MEMORY_BYTES = 64e6;
/** Encoded bytes for each raw byte, from above: a photograph in PNG or TIFF may not shrink at all. */
const RESULT_PER_RAW_BYTE = 1;
/** Scale of a request that names none, before an engine has told of its models. */
const USUAL_SCALE = 4;

/** What a job will take, from its header and options: estimates from above, for admission alone. */
export function jobCost(request: JobRequest, models: readonly ModelStatus[]): JobCost {
  const { header, options } = request;
  const pixels = header.width * header.height;
  const model = models.find(({ name, chainPosition }) =>
    options.model === undefined ? chainPosition === 0 : name === options.model,
  );
  const scale = options.scale ?? model?.scale ?? USUAL_SCALE;
  const sampleBytes = (header.hasAlpha ? 4 : 3) * (header.sixteenBit ? 2 : 1);
  const inputBytes = pixels * sampleBytes;
  const outputBytes = inputBytes * scale * scale;
  const canvasInMemory = outputBytes <= CANVAS_IN_MEMORY_BYTES;
  return {
    pixels,
    // Decoded, and once more while it is brought into sRGB and upright.
    memoryBytes:
      2 * inputBytes +
      (canvasInMemory ? outputBytes : CANVAS_IN_MEMORY_BYTES) +
      (options.format === 'avif' ? pixels * scale * scale * AVIF_BYTES_PER_PIXEL : 0),
    diskBytes: (canvasInMemory ? 0 : outputBytes) + outputBytes * RESULT_PER_RAW_BYTE,
  };
}
