import { safeName } from '../../domain/download-name.js';
import { type ErrorCode, TesseraError } from '../../domain/errors.js';

/** Errors that one file causes, whatever else the request holds. */
const FILE_ERRORS: ReadonlySet<ErrorCode> = new Set([
  'no_file',
  'unsupported_image',
  'corrupt_image',
  'upload_too_large',
  'image_too_large',
  'output_too_large',
]);

/**
 * Names the file in the error of a request that may hold several: by its name in the sentence, by its index (from 0) in
 * `parameter`. Errors that no file causes stay as they are.
 * @param fileName as the client sent it.
 */
export function errorOfFile(thrown: unknown, index: number, fileName = ''): unknown {
  if (!(thrown instanceof TesseraError) || !FILE_ERRORS.has(thrown.code)) return thrown;
  const name = safeName(fileName);
  const which = name === undefined ? `File ${index + 1}` : `"${name}"`;
  return thrown.with({
    message: `${which}: ${thrown.message}`,
    details: { ...thrown.details, parameter: `file[${index}]` },
  });
}
