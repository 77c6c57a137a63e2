import type { ImageHeader, UpscaleOptions } from '../../domain/types.js';
import { checkOutputSize, outputSize, type PipelineLimits } from '../../pipeline/limits.js';
import type { Engine } from '../engine.js';
import type { HeaderReader } from './header-pool.js';

/** Scale of the model that leads the chain, as long as no engine has said which that is. */
const DEFAULT_SCALE = 4;

/**
 * Reads an image's header and refuses from it, before anything is decoded, what is too large by itself or by its result.
 * @throws TesseraError unsupported_image, corrupt_image, image_too_large, output_too_large, engine_unavailable.
 */
export type ImageInspector = (path: string, options: UpscaleOptions) => Promise<ImageHeader>;

/**
 * @param limits the ones that `headers` reads with.
 * @param engine tells the scale of the model that a request gets which names none.
 */
export function imageInspector(
  headers: Pick<HeaderReader, 'read'>,
  limits: PipelineLimits,
  engine: Engine,
): ImageInspector {
  return async (path, options) => {
    const header = await headers.read(path);
    const { width, height } = outputSize(header.width, header.height, expectedScale(options, engine));
    checkOutputSize(width, height, options.format, limits);
    return header;
  };
}

/** The scale that a request asks for, or the one of the model that it gets when it asks for none. */
function expectedScale(options: UpscaleOptions, engine: Engine): number {
  if (options.scale !== undefined) return options.scale;
  const models = engine
    .status()
    .models.filter(({ name, installed }) =>
      options.model === undefined ? installed : name === options.model,
    )
    .sort(
      (a, b) => (a.chainPosition ?? Number.POSITIVE_INFINITY) - (b.chainPosition ?? Number.POSITIVE_INFINITY),
    );
  return models[0]?.scale ?? DEFAULT_SCALE;
}
