import { TesseraError } from '../../domain/errors.js';
import { damaged as damagedImage } from '../scan/damaged.js';

/** @param internal the reason, for the log. */
export function damaged(internal: string): TesseraError {
  return damagedImage('HEIC', internal);
}

/**
 * The error for an intact but unsupported picture.
 * @param sentence names its kind.
 */
export function unsupported(sentence: string): TesseraError {
  return new TesseraError('unsupported_image', sentence, { details: { parameter: 'file' } });
}
