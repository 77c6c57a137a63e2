import { TesseraError } from '../../domain/errors.js';
import { diskFullError } from '../../host/disk-full.js';

/** `Retry-After`: the end of jobs or an operator makes room, an operator restores a folder; neither takes a moment. */
const RETRY_AFTER_SECONDS = 60;

/**
 * Translates a system error in `TEMP_DIR` for the caller.
 * @returns disk_full, storage_unavailable; undefined for other errors.
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
