import { TesseraError } from '../domain/errors.js';

/** libvips and sharp report the system's text, Node its code. A full quota and a file larger than allowed are the same to a caller. */
const DISK_FULL = /ENOSPC|EDQUOT|EFBIG|no space left on device|disk quota exceeded|file too large/i;

/** @returns a `disk_full` error when what was thrown says that the disk is full, in whatever words. */
export function diskFullError(thrown: unknown): TesseraError | undefined {
  if (thrown instanceof TesseraError || !(thrown instanceof Error)) return undefined;
  const code = 'code' in thrown ? String(thrown.code) : '';
  if (!DISK_FULL.test(`${code} ${thrown.message}`)) return undefined;
  return new TesseraError('disk_full', 'The disk of the service is full; try again later.', {
    details: { retryAfterSeconds: 60 },
    internal: thrown.stack ?? thrown.message,
    cause: thrown,
  });
}
