import { TesseraError } from '../../domain/errors.js';

/**
 * The error for an incomplete picture.
 * @param format in capitals.
 * @param internal the reason, for the log.
 * @param cause what was thrown.
 */
export function damaged(format: string, internal?: string, cause?: unknown): TesseraError {
  return new TesseraError('corrupt_image', `The ${format} image is damaged or incomplete.`, {
    details: { parameter: 'file' },
    ...(internal === undefined ? {} : { internal }),
    ...(cause === undefined ? {} : { cause }),
  });
}
