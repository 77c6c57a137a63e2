import { TesseraError } from '../../domain/errors.js';

/**
 * The refusal of a picture that lacks something.
 * @param format in capitals. @param internal why, for the log. @param cause what was thrown.
 */
export function damaged(format: string, internal?: string, cause?: unknown): TesseraError {
  return new TesseraError('corrupt_image', `The ${format} image is damaged or incomplete.`, {
    details: { parameter: 'file' },
    ...(internal === undefined ? {} : { internal }),
    ...(cause === undefined ? {} : { cause }),
  });
}
