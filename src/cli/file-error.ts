import { TesseraError } from '../errors.js';

const SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file or folder.',
  EACCES: 'It may not be read or written by this user.',
  EPERM: 'It may not be read or written by this user.',
  EROFS: 'The file system is read-only.',
  EISDIR: 'It is a folder, not a file.',
  ENOTDIR: 'A part of its path is a file, not a folder.',
  EEXIST: 'There is something else by that name.',
  ENOSPC: 'There is no room left on the disk.',
  EDQUOT: 'The disk quota is used up.',
  ENAMETOOLONG: 'Its name is too long.',
  EPIPE: 'Whoever was to read the output has gone.',
  EMFILE: 'Too many files are open.',
};

/**
 * Anything thrown, as an error with a sentence for the person at the terminal: also what the file system complains of.
 * @param told path that the sentence will be told beside, and need not name again.
 */
export function readableError(thrown: unknown, told: string): TesseraError {
  if (thrown instanceof TesseraError) return thrown;
  const { code, path } = thrown as NodeJS.ErrnoException;
  const sentence = code === undefined ? undefined : SENTENCES[code];
  if (sentence === undefined) return TesseraError.from(thrown);
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const message = isFull || path === undefined || path === told ? sentence : `${path}: ${sentence}`;
  const kind = isFull ? 'disk_full' : code === 'ENOENT' ? 'no_file' : 'invalid_request';
  return new TesseraError(kind, message, { cause: thrown });
}
