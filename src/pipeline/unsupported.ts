import { TesseraError } from '../domain/errors.js';

/** What to do with a picture of an unusual kind, in words that suit any. */
const SAVE_AGAIN = 'Save the picture again as 8- or 16-bit RGB or grey.';

/**
 * The refusal of an intact picture of a kind that is not supported.
 * @param kind what it is, as a subject in the plural: "TIFF images with LERC compression". @param advice a sentence.
 */
export function unsupported(kind: string, advice = SAVE_AGAIN): TesseraError {
  return new TesseraError('unsupported_image', `${kind} are not supported. ${advice}`, {
    details: { parameter: 'file' },
  });
}
