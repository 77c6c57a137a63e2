import type { ErrorCode } from '../../domain/errors.js';

export interface ErrorKind {
  readonly status: number;
  /** When the error happens, in words: for docs/api.md and the OpenAPI document. */
  readonly when: string;
}

/** The HTTP status of every error code, in one place. A missing code does not compile. */
export const ERROR_TABLE: Record<ErrorCode, ErrorKind> = {
  no_file: { status: 400, when: 'The request holds no image, or an empty one.' },
  too_many_files: {
    status: 400,
    when: 'More than one file, where one is expected, or more than 32 or than the queue has places.',
  },
  unknown_option: { status: 400, when: 'An option or form field that does not exist.' },
  invalid_option: { status: 400, when: 'An option with a value outside what it accepts.' },
  repeated_option: { status: 400, when: 'The same option twice, in the query or the form.' },
  malformed_multipart: {
    status: 400,
    when: 'A multipart body that cannot be parsed, or has too many parts.',
  },
  upload_aborted: { status: 400, when: 'The connection ended before the body did.' },
  unsupported_image: { status: 400, when: 'A format that is not accepted, or bytes that are no image.' },
  corrupt_image: { status: 400, when: 'An image that is damaged or cut off.' },
  image_crashes_engine: {
    status: 400,
    when: 'An image under which an engine crashed twice while it was read, or the service itself died three times.',
  },
  invalid_request: { status: 400, when: 'A request that HTTP or a route does not allow.' },
  expectation_failed: { status: 417, when: 'An `Expect` header of another kind than `100-continue`.' },
  unauthorized: { status: 401, when: '`API_KEYS` is set and the key is missing or wrong.' },
  not_found: { status: 404, when: 'An unknown path, or a job that is not there, or no more.' },
  method_not_allowed: { status: 405, when: 'A known path with another method; see `Allow`.' },
  upload_timeout: {
    status: 408,
    when: 'The upload took longer than `UPLOAD_TIMEOUT_SECONDS`, or came more slowly than `MIN_BYTES_PER_SECOND`.',
  },
  upload_too_large: { status: 413, when: 'More bytes than `MAX_UPLOAD_MB`.' },
  image_too_large: { status: 413, when: 'More pixels than `MAX_INPUT_MEGAPIXELS`.' },
  output_too_large: {
    status: 413,
    when: 'The result would have more pixels than `MAX_OUTPUT_MEGAPIXELS`, or more pixels or metadata than its format can hold.',
  },
  unsupported_media_type: {
    status: 415,
    when: 'The body is neither multipart, nor `image/*`, nor `application/octet-stream`; or it is compressed (`Content-Encoding`).',
  },
  idempotency_conflict: {
    status: 422,
    when: 'The `Idempotency-Key` was used before with another image or other options.',
  },
  result_not_ready: { status: 409, when: 'The job has not ended, or ended without a result.' },
  range_not_satisfiable: { status: 416, when: 'A `Range` that begins after the end of the image.' },
  rate_limited: {
    status: 429,
    when: 'More requests than `RATE_LIMIT_MAX` in the window; see `Retry-After`.',
  },
  internal: { status: 500, when: 'A fault of ours; the log has the rest under the request id.' },
  queue_full: {
    status: 503,
    when: 'No place in the queue, among the uploads or among the kept jobs, or a slow upload gave its place to another; see `Retry-After`.',
  },
  shutting_down: { status: 503, when: 'The service is stopping; see `Retry-After`.' },
  engine_unavailable: {
    status: 503,
    when: 'No engine process can be started, or memory ran out or an engine crashed while the image was decoded, resampled or encoded; see `Retry-After`.',
  },
  fallback_refused: {
    status: 503,
    when: '`fallback=false` and the first model could not serve; `Retry-After`, where that may pass.',
  },
  cancelled: { status: 503, when: 'The job was cancelled before it ended.' },
  deadline_exceeded: {
    status: 504,
    when: 'The result was not ready within `timeout` seconds; `estimated_seconds` says what the image needs, as far as is known, and the sentence what to ask for.',
  },
  storage_unavailable: {
    status: 503,
    when: 'The folder of the jobs, `TEMP_DIR`, cannot be written; see `Retry-After`.',
  },
  disk_full: { status: 507, when: 'The disk is full, or jobs would exceed `MAX_JOB_DISK_MB`.' },
};
