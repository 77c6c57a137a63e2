import { TesseraError } from '../../errors.js';

/** The refusal of a picture that lacks something. @param format in capitals, as `corruptImage` has it. */
export function damaged(format: string): TesseraError {
  return new TesseraError('corrupt_image', `The ${format} image is damaged or incomplete.`, {
    details: { parameter: 'file' },
  });
}
