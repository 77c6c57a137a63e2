import { STATUS_CODES } from 'node:http';
import { type ErrorCode, RETRY, type Retry, type TesseraError } from '../../domain/errors.js';
import { ERROR_TABLE } from './error-table.js';

export const PROBLEM_TYPE = 'application/problem+json';

/** RFC 9457 body of every error. `type` is `about:blank`: the stable name of the problem is `code`. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly retry: Retry;
  readonly request_id: string;
  readonly parameter?: string;
  readonly accepted?: string;
  readonly received?: string;
  readonly retry_after_seconds?: number;
  /** Of a 504: what the image needs. */
  readonly estimated_seconds?: number;
}

/** The public face of an error; nothing internal goes in. */
export function problemOf(error: TesseraError, requestId: string): Problem {
  const { status } = ERROR_TABLE[error.code];
  const { parameter, accepted, received, retryAfterSeconds, estimateSeconds } = error.details;
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: error.message,
    code: error.code,
    retry: RETRY[error.code],
    request_id: requestId,
    ...(parameter === undefined ? {} : { parameter }),
    ...(accepted === undefined ? {} : { accepted }),
    ...(received === undefined ? {} : { received }),
    ...(retryAfterSeconds === undefined ? {} : { retry_after_seconds: retryAfterSeconds }),
    ...(estimateSeconds === undefined ? {} : { estimated_seconds: estimateSeconds }),
  };
}
