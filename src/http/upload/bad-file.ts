import { safeName } from '../../domain/download-name.js';
import { type ErrorCode, TesseraError } from '../../domain/errors.js';

/** Errors that concern one file of a request. */
const BLAMED: ReadonlySet<ErrorCode> = new Set([
  'no_file',
  'unsupported_image',
  'corrupt_image',
  'upload_too_large',
  'image_too_large',
  'output_too_large',
]);

/**
 * Adds to the error of one file which file it is: its name in the sentence, its index (from 0) in `parameter`. Other
 * errors stay as they are.
 * @param fileName as the client sent it.
 */
export function errorOfFile(thrown: unknown, index: number, fileName: string | undefined): unknown {
  if (!(thrown instanceof TesseraError) || !BLAMED.has(thrown.code)) return thrown;
  const name = safeName(fileName ?? '');
  const which = name === undefined ? `File ${index + 1}` : `"${name}"`;
  return thrown.with({
    message: `${which}: ${thrown.message}`,
    details: { ...thrown.details, parameter: `file[${index}]` },
  });
}
