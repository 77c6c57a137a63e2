import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { UpscaleTask } from '../../domain/types.js';
import type { Cancellation } from '../cancellation.js';
import { developHeic } from '../heif/develop.js';
import type { PipelineLimits } from '../limits.js';
import type { RowProgress } from '../progress/row-progress.js';
import { type DecodedImage, decode, type Keep } from './decode.js';
import { profilesToKeep } from './profile.js';

/**
 * Decodes the picture of a job. A HEIC is first developed into a temporary file that sharp reads.
 * @param progress counts the rows of a HEIC.
 * @throws TesseraError as `developHeic` and `decode` do. Work that the deadline stopped is late, whatever libvips
 * calls it.
 */
export async function openImage(
  task: UpscaleTask,
  limits: PipelineLimits,
  cancellation: Cancellation,
  progress: RowProgress,
): Promise<DecodedImage> {
  const { sourcePath, workFolder, header, options } = task;
  const keep: Keep = { metadata: options.metadata === 'keep', profiles: profilesToKeep(options) };
  if (header.format !== 'heic')
    return cancellation.timed(decode(sourcePath, header, keep, limits, cancellation.secondsLeft));
  const rasterPath = join(workFolder, 'developed.v');
  try {
    await developHeic(sourcePath, rasterPath, limits, cancellation, progress);
    return await cancellation.timed(decode(rasterPath, header, keep, limits, cancellation.secondsLeft));
  } finally {
    await rm(rasterPath, { force: true });
  }
}
