import { TesseraError } from '../../domain/errors.js';
import { diskFullError } from '../../host/disk-full.js';

/** An operator has to repair the folder, which takes more than a moment. */
const RETRY_AFTER_SECONDS = 60;

/** Translates a system error in `TEMP_DIR`: disk_full or storage_unavailable; undefined for errors of another kind. */
export function storageError(thrown: unknown): TesseraError | undefined {
  const full = diskFullError(thrown);
  if (full !== undefined) return full;
  return thrown instanceof Error && 'syscall' in thrown ? storageUnavailable(thrown) : undefined;
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
