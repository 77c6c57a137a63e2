import { TesseraError } from '../domain/errors.js';

/** Advice for any unsupported kind of picture. */
const SAVE_AGAIN = 'Save the picture again as 8- or 16-bit RGB or grey.';

/**
 * The error for an intact picture that is not supported.
 * @param sentence names its kind.
 * @param internal for the log.
 */
export function unsupportedImage(sentence: string, internal?: string): TesseraError {
  return new TesseraError('unsupported_image', sentence, {
    details: { parameter: 'file' },
    ...(internal === undefined ? {} : { internal }),
  });
}

/**
 * The error for an intact picture of an unsupported kind.
 * @param kind its subject in the plural: "TIFF images with LERC compression".
 * @param advice a sentence.
 */
export function unsupported(kind: string, advice = SAVE_AGAIN): TesseraError {
  return unsupportedImage(`${kind} are not supported. ${advice}`);
}

/**
 * The error for a picture whose structure makes reading it cost far more than its pixels would.
 * @param sentence what is unusual about it.
 * @param internal for the log.
 */
export function unusual(sentence: string, internal?: string): TesseraError {
  return unsupportedImage(`${sentence} Saving it again in another program may help.`, internal);
}

/**
 * The error for more of something than any usual picture has.
 * @param what with its bound, in words ("more than 1000 directories").
 */
export function excess(format: string, what: string): TesseraError {
  return unusual(`The ${format} image holds ${what}, which no usual image does.`);
}

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
