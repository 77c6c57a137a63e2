import { TesseraError } from '../domain/errors.js';

/** Node reports the system's code, libvips and sharp its text. A full quota and a file above the size limit count as a full disk. */
const DISK_FULL = /ENOSPC|EDQUOT|EFBIG|no space left on device|disk quota exceeded|file too large/i;

/** @returns a `disk_full` error if the thrown error means a full disk. */
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

/** @returns a `disk_full` error for a failed write on a full disk, else what was thrown. */
export function asDiskFull(thrown: unknown): unknown {
  return diskFullError(thrown) ?? thrown;
}
