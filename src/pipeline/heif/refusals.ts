import { TesseraError } from '../../domain/errors.js';
import { damaged as damagedImage } from '../scan/damaged.js';

/** @param internal why, for the log. */
export function damaged(internal: string): TesseraError {
  return damagedImage('HEIC', internal);
}

/** The refusal of an intact picture. @param sentence says of what kind it is. */
export function unsupported(sentence: string): TesseraError {
  return new TesseraError('unsupported_image', sentence, { details: { parameter: 'file' } });
}
