import { TesseraError } from '../../domain/errors.js';

/** Node tells by code; libvips quotes the system's text. A file larger than allowed is a full disk to the caller. */
const DISK_FULL = /ENOSPC|EDQUOT|EFBIG|no space left on device|disk quota exceeded|file too large/i;

/** What a failed write means to the caller: disk_full, or what was thrown. */
export function diskError(thrown: unknown): unknown {
  if (thrown instanceof TesseraError || !(thrown instanceof Error)) return thrown;
  const code = 'code' in thrown ? String(thrown.code) : '';
  if (!DISK_FULL.test(`${code} ${thrown.message}`)) return thrown;
  return new TesseraError('disk_full', 'There is no room on the disk for this image; try again later.', {
    details: { retryAfterSeconds: 60 },
    internal: thrown.message,
    cause: thrown,
  });
}
