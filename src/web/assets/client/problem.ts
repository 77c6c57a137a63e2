import type { Retry } from '../../../domain/errors.js';

/** An answer that is not a success, in the words of its problem document (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    /** A stable code, or `unknown` when a proxy answered instead of the service. */
    readonly code: string,
    readonly retry: Retry,
    detail: string,
    readonly retryAfterSeconds: number | undefined,
  ) {
    super(detail);
  }

  /** Whether the same request may succeed after `retryAfterSeconds`. */
  get passing(): boolean {
    return this.retryAfterSeconds !== undefined && (this.status === 429 || this.status === 503);
  }

  /** Whether a proxy answered because the service behind it did not. */
  get ofGateway(): boolean {
    return this.code === 'unknown' && [502, 503, 504].includes(this.status);
  }

  /** @param retryAfter value of the header `Retry-After`. */
  static from(status: number, body: string, retryAfter: string | null): Problem {
    const seconds = Number(retryAfter ?? Number.NaN);
    const later = Number.isFinite(seconds) ? Math.max(1, seconds) : undefined;
    const mayPass = status >= 500 || status === 408 || status === 429;
    const usual: Retry = mayPass ? 'as_is' : 'never';
    try {
      const { code = 'unknown', retry = usual, title, detail = title } = JSON.parse(body);
      if (typeof detail === 'string') return new Problem(status, String(code), retry, detail, later);
    } catch {
      // The page of a proxy: only its status is known.
    }
    return new Problem(status, 'unknown', usual, `The server answered with status ${status}.`, later);
  }
}
