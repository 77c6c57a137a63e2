import { TesseraError } from '../../domain/errors.js';
import { systemReason } from '../../host/system-reason.js';

/**
 * Makes an error with a sentence for people of anything thrown, errors of the file system among them.
 * @param told path that is printed beside the sentence, which does not name it again.
 */
export function readableError(thrown: unknown, told: string): TesseraError {
  if (thrown instanceof TesseraError) return thrown;
  const { code, path } = thrown as NodeJS.ErrnoException;
  const reason = systemReason(thrown);
  if (reason === undefined) return TesseraError.from(thrown);
  const sentence = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const message = isFull || path === undefined || path === told ? sentence : `${path}: ${sentence}`;
  const kind = isFull ? 'disk_full' : code === 'ENOENT' ? 'no_file' : 'invalid_request';
  return new TesseraError(kind, message, { cause: thrown });
}
