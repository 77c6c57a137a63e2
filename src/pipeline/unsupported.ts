import { TesseraError } from '../domain/errors.js';

/** Advice for any unsupported kind of picture. */
const SAVE_AGAIN = 'Save the picture again as 8- or 16-bit RGB or grey.';

/**
 * The error for an intact picture of an unsupported kind.
 * @param kind its subject in the plural: "TIFF images with LERC compression".
 * @param advice a sentence.
 */
export function unsupported(kind: string, advice = SAVE_AGAIN): TesseraError {
  return new TesseraError('unsupported_image', `${kind} are not supported. ${advice}`, {
    details: { parameter: 'file' },
  });
}
