import { TesseraError } from '../../errors.js';

/** @param internal why, for the log. */
export function damaged(internal: string): TesseraError {
  return new TesseraError('corrupt_image', 'The HEIC image is damaged or incomplete.', {
    details: { parameter: 'file' },
    internal,
  });
}

/** The refusal of an intact picture. @param sentence says of what kind it is. */
export function unsupported(sentence: string): TesseraError {
  return new TesseraError('unsupported_image', sentence, { details: { parameter: 'file' } });
}
