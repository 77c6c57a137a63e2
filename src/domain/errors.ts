import type { Attempt } from './types.js';

/**
 * Every way a request can fail, by a stable code that clients may rely on. The codes live here without HTTP status
 * numbers; `http/error-handler.ts` maps each to one, exhaustively.
 */
export const ERROR_CODES = [
  // what the caller sent
  'no_file',
  'too_many_files',
  'unknown_option',
  'invalid_option',
  'repeated_option',
  'malformed_multipart',
  'upload_aborted',
  'unsupported_image',
  'corrupt_image',
  'image_crashes_engine',
  'unsupported_media_type',
  'invalid_request',
  'expectation_failed',
  'upload_too_large',
  'image_too_large',
  'output_too_large',
  'upload_timeout',
  // who the caller is, and what it asked for
  'unauthorized',
  'not_found',
  'method_not_allowed',
  'rate_limited',
  'idempotency_conflict',
  'result_not_ready',
  'range_not_satisfiable',
  // what the service can do now
  'queue_full',
  'shutting_down',
  'engine_unavailable',
  'fallback_refused',
  'deadline_exceeded',
  'cancelled',
  'disk_full',
  'storage_unavailable',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * What helps after a failure. `as_is`: the same request may succeed later. `changed`: another request for the same picture may, with
 * other options, another key or written otherwise. `never`: nothing will, with this picture or at this address.
 */
export const RETRIES = ['as_is', 'changed', 'never'] as const;
export type Retry = (typeof RETRIES)[number];

/** The one place that says what trying again can do: the problem documents, the page and the command line have it from here. */
export const RETRY: Readonly<Record<ErrorCode, Retry>> = {
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
  unauthorized: 'changed',
  not_found: 'never',
  method_not_allowed: 'changed',
  rate_limited: 'as_is',
  idempotency_conflict: 'changed',
  result_not_ready: 'as_is',
  range_not_satisfiable: 'changed',
  queue_full: 'as_is',
  shutting_down: 'as_is',
  engine_unavailable: 'as_is',
  fallback_refused: 'changed',
  deadline_exceeded: 'as_is',
  cancelled: 'as_is',
  disk_full: 'as_is',
  storage_unavailable: 'as_is',
  internal: 'as_is',
};

/** What else a caller can use: the option at fault, what is accepted, when to come back. Sent as problem members. */
export interface ErrorDetails {
  /** Name of the option, form field or header at fault. */
  readonly parameter?: string;
  /** The accepted range or values, in words: "1 to 100". */
  readonly accepted?: string;
  /** What was received, shortened to a safe length. */
  readonly received?: string;
  readonly retryAfterSeconds?: number;
  /** Of an image that was late: what it needs by itself, as far as is known. */
  readonly estimateSeconds?: number;
  /** For 405: the methods that the path allows. */
  readonly allow?: readonly string[];
}

/**
 * The one error class of the domain. `message` is for the caller: a full sentence, no paths, nothing internal.
 * `internal` (and `cause`) are for the log alone. Survives the process border through `toMessage`/`fromMessage`.
 */
export class TesseraError extends Error {
  override readonly name = 'TesseraError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly internal: string | undefined;
  /** What the candidates of the fallback chain had tried when the upscale failed, oldest first. */
  readonly attempts: readonly Attempt[];

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      details?: ErrorDetails;
      internal?: string;
      cause?: unknown;
      attempts?: readonly Attempt[];
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
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
    return new TesseraError(code, message, {
      details,
      attempts,
      cause,
      ...(internal === undefined ? {} : { internal }),
    });
  }

  /** A structured-clone-safe form, for IPC and for the job file. */
  toMessage(): ErrorMessage {
    return {
      code: this.code,
      message: this.message,
      details: this.details,
      ...(this.internal === undefined ? {} : { internal: this.internal }),
      ...(this.attempts.length === 0 ? {} : { attempts: this.attempts }),
    };
  }

  static fromMessage(message: ErrorMessage): TesseraError {
    return new TesseraError(message.code, message.message, {
      details: message.details,
      ...(message.internal === undefined ? {} : { internal: message.internal }),
      ...(message.attempts === undefined ? {} : { attempts: message.attempts }),
    });
  }

  /** Anything thrown, as a TesseraError; what is not one becomes `internal` with its text kept for the log. */
  static from(thrown: unknown): TesseraError {
    if (thrown instanceof TesseraError) return thrown;
    const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return new TesseraError('internal', 'Something went wrong on our side.', {
      internal: text,
      cause: thrown,
    });
  }
}

export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly internal?: string;
  readonly attempts?: readonly Attempt[];
}
