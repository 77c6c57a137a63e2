import { TesseraError } from '../../domain/errors.js';
import { diskFullError } from '../../host/disk-full.js';

/** Room comes back by the end of jobs or by an operator, a folder by an operator: neither in a moment. */
const RETRY_AFTER_SECONDS = 60;

/**
 * What an error of the system in `TEMP_DIR` means to a caller.
 * @returns disk_full, storage_unavailable; undefined for what is no error of the system.
 */
export function storageError(thrown: unknown): TesseraError | undefined {
  const full = diskFullError(thrown);
  if (full !== undefined) return full;
  if (!(thrown instanceof Error) || !('syscall' in thrown)) return undefined;
  return storageUnavailable(thrown);
}

/** @param cause for the log. */
export function storageUnavailable(cause: unknown): TesseraError {
  return new TesseraError(
    'storage_unavailable',
    'The service cannot write the folder of its jobs now; try again later.',
    {
      details: { retryAfterSeconds: RETRY_AFTER_SECONDS },
      cause,
      internal: cause instanceof Error ? cause.message : String(cause),
    },
  );
}
