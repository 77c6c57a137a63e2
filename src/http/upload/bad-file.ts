import { safeName } from '../../domain/download-name.js';
import { type ErrorCode, TesseraError } from '../../domain/errors.js';

/** Errors that one file is to blame for, whatever else the request holds. */
const BLAMED: ReadonlySet<ErrorCode> = new Set([
  'no_file',
  'unsupported_image',
  'corrupt_image',
  'upload_too_large',
  'image_too_large',
  'output_too_large',
]);

/**
 * The error of one file of a request that may hold several, saying which: by its name in the sentence, by its place (from 0)
 * in `parameter`. Errors that no file is to blame for stay as they are.
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
