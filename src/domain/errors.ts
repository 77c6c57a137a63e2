import type { Attempt } from './types.js';

/**
 * What helps after a failure. `as_is`: the same request may succeed later. `changed`: a changed request for the same picture may
 * succeed, with other options, another key or another form. `never`: no request with this picture or to this address succeeds.
 */
export const RETRIES = ['as_is', 'changed', 'never'] as const;
export type Retry = (typeof RETRIES)[number];

/**
 * Every way a request can fail, by a stable code that clients may rely on, and whether a retry helps. Problem documents, the page
 * and the command line take both from here; `http/errors/error-table.ts` gives each code its HTTP status.
 */
export const RETRY = {
  // what the caller sent
  no_file: 'never',
  too_many_files: 'changed',
  unknown_option: 'changed',
  invalid_option: 'changed',
  repeated_option: 'changed',
  malformed_multipart: 'changed',
  upload_aborted: 'as_is',
  unsupported_image: 'never',
  corrupt_image: 'never',
  image_crashes_engine: 'never',
  unsupported_media_type: 'changed',
  invalid_request: 'changed',
  expectation_failed: 'changed',
  upload_too_large: 'never',
  image_too_large: 'never',
  output_too_large: 'changed',
  upload_timeout: 'as_is',
  // who the caller is, and what it asked for
  unauthorized: 'changed',
  not_found: 'never',
  method_not_allowed: 'changed',
  rate_limited: 'as_is',
  idempotency_conflict: 'changed',
  result_not_ready: 'as_is',
  range_not_satisfiable: 'changed',
  // what the service can do now
  queue_full: 'as_is',
  shutting_down: 'as_is',
  engine_unavailable: 'as_is',
  fallback_refused: 'changed',
  deadline_exceeded: 'as_is',
  cancelled: 'as_is',
  disk_full: 'as_is',
  storage_unavailable: 'as_is',
  internal: 'as_is',
} as const satisfies Readonly<Record<string, Retry>>;
export type ErrorCode = keyof typeof RETRY;
export const ERROR_CODES = Object.keys(RETRY) as readonly ErrorCode[];

/** Facts about a failure that a program can use. Sent as members of the problem document. */
interface ErrorDetails {
  /** Name of the option, form field or header at fault. */
  readonly parameter?: string;
  /** The accepted range or values, in words: "1 to 100". */
  readonly accepted?: string;
  /** What was received, shortened to a safe length. */
  readonly received?: string;
  readonly retryAfterSeconds?: number;
  /** After a missed deadline: the estimated time that the image needs without other work. */
  readonly estimateSeconds?: number;
  /** For 405: the methods that the path allows. */
  readonly allow?: readonly string[];
}

/** An error as plain data, for IPC and for the job file. */
export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly internal?: string | undefined;
  readonly attempts?: readonly Attempt[] | undefined;
}

/**
 * The one error class of the domain. `message` is for the caller: a full sentence without paths or internal facts.
 * `internal` and `cause` are for the log alone. Crosses the process border through `toMessage` and `fromMessage`.
 */
export class TesseraError extends Error {
  override readonly name = 'TesseraError';
  readonly details: ErrorDetails;
  readonly internal: string | undefined;
  /** The attempts of the fallback chain before the upscale failed, oldest first. */
  readonly attempts: readonly Attempt[];

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: Partial<Pick<ErrorMessage, 'details' | 'internal' | 'attempts'>> & { cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.details = options.details ?? {};
    this.internal = options.internal;
    this.attempts = options.attempts ?? [];
  }

  /** The same error with another sentence, other details or other attempts. */
  with(change: {
    readonly message?: string;
    readonly details?: ErrorDetails;
    readonly attempts?: readonly Attempt[];
  }): TesseraError {
    const { message = this.message, details = this.details, attempts = this.attempts } = change;
    const { code, internal, cause } = this;
    return new TesseraError(code, message, { details, attempts, internal, cause });
  }

  toMessage(): ErrorMessage {
    const { code, message, details, internal } = this;
    return {
      code,
      message,
      details,
      internal,
      attempts: this.attempts.length === 0 ? undefined : this.attempts,
    };
  }

  static fromMessage({ code, message, ...options }: ErrorMessage): TesseraError {
    return new TesseraError(code, message, options);
  }

  /** Makes a TesseraError of anything thrown; another error becomes `internal`, with its stack for the log. */
  static from(thrown: unknown): TesseraError {
    if (thrown instanceof TesseraError) return thrown;
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return new TesseraError('internal', 'Something went wrong on our side.', {
      internal: text,
      cause: thrown,
    });
  }
}

/** The longest pause between two starts of an engine. */
const ENGINE_RETRY_SECONDS = 30;

/** No engine runs, and the time of the next start is unknown. */
export function engineUnavailable(): TesseraError {
  return new TesseraError('engine_unavailable', 'The upscaling engine cannot be started at the moment.', {
    details: { retryAfterSeconds: ENGINE_RETRY_SECONDS },
  });
}
