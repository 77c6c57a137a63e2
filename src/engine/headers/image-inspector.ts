import type { ImageHeader, UpscaleOptions } from '../../domain/types.js';
import { resolveScale } from '../../options/resolve-scale.js';
import { resultSize } from '../../options/result-size.js';
import { checkOutputSize, type PipelineLimits } from '../../pipeline/limits.js';
import type { Engine } from '../engine.js';
import type { HeaderReader } from './header-pool.js';

/**
 * Reads an image's header and refuses, before anything is decoded, an image that is too large or whose result would
 * be.
 * @throws TesseraError unsupported_image, corrupt_image, image_too_large, output_too_large, engine_unavailable.
 */
export type ImageInspector = (path: string, options: UpscaleOptions) => Promise<ImageHeader>;

/**
 * @param limits the limits that `headers` reads with.
 * @param engine knows the scale of a request that names none.
 */
export function imageInspector(
  headers: Pick<HeaderReader, 'read'>,
  limits: PipelineLimits,
  engine: Pick<Engine, 'status'>,
): ImageInspector {
  return async (path, options) => {
    const header = await headers.read(path);
    const scale = resolveScale({ ...options, sixteenBit: header.sixteenBit }, engine.status().models);
    checkOutputSize(resultSize(options, header, scale).target, options, limits);
    return header;
  };
}
