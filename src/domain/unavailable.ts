import { TesseraError } from './errors.js';

/** The longest pause between two starts of an engine. */
const RETRY_AFTER_SECONDS = 30;

/** No engine is there, and nobody knows when one will be. */
export function engineUnavailable(): TesseraError {
  return new TesseraError('engine_unavailable', 'The upscaling engine cannot be started at the moment.', {
    details: { retryAfterSeconds: RETRY_AFTER_SECONDS },
  });
}
