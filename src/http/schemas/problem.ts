import { STATUS_CODES } from 'node:http';
import { type Static, Type } from 'typebox';
import { defined } from '../../domain/defined.js';
import { ERROR_CODES, type ErrorCode, RETRIES, RETRY, TesseraError } from '../../domain/errors.js';
import { ERROR_TABLE } from './error-table.js';
import { REQUEST_ID, textHeader } from './headers.js';
import { decimal, integer, named, oneOf, optional, refTo, text } from './named.js';

export const PROBLEM_TYPE = 'application/problem+json';

/** The body of every error (RFC 9457). `type` is always `about:blank`; `code` is the stable name of the problem. */
export const ProblemSchema = named(
  'Problem',
  'A problem document (RFC 9457), with members of our own.',
  Type.Object({
    type: text('Always about:blank; `code` names the problem.'),
    title: text('The reason phrase of the status.'),
    status: integer('The status of the answer.'),
    detail: text('One sentence that says what was wrong and what is accepted.'),
    code: oneOf(ERROR_CODES, 'Stable name of the problem.'),
    retry: oneOf(
      RETRIES,
      'What helps: `as_is`, the same request later; `changed`, another request for the same picture; `never`, nothing with this picture.',
    ),
    request_id: text('The request in the log; also in X-Request-Id.'),
    parameter: optional(
      text('The option, field or header at fault; `file[1]` is the second of several files.'),
    ),
    accepted: optional(text('What it accepts.')),
    received: optional(text('What came, shortened.')),
    retry_after_seconds: optional(decimal('Seconds after which to come back.')),
    estimated_seconds: optional(
      decimal(
        'Of `deadline_exceeded`: seconds that the image needs with the first model, when nothing else is at work. Absent while no speed is known.',
      ),
    ),
  }),
);

export type Problem = Static<typeof ProblemSchema>;

/** The public part of an error, without `internal` and `cause`. */
export function problemOf({ code, message, details }: TesseraError, requestId: string): Problem {
  const { status } = ERROR_TABLE[code];
  const { parameter, accepted, received, retryAfterSeconds, estimateSeconds } = details;
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    code,
    retry: RETRY[code],
    request_id: requestId,
    ...defined({
      parameter,
      accepted,
      received,
      retry_after_seconds: retryAfterSeconds,
      estimated_seconds: estimateSeconds,
    }),
  };
}

const RETRY_AFTER = {
  'Retry-After': {
    type: 'integer',
    description: 'Seconds after which the same request may be served; absent where waiting changes nothing.',
  },
};

/** Headers of the problems of one status, beside the request id. */
const HEADERS_BY_STATUS: Readonly<Record<number, Record<string, object>>> = {
  401: { 'WWW-Authenticate': textHeader('How a key may be presented: as a bearer token.') },
  416: {
    'Content-Range': textHeader('How many bytes there are: `bytes */1234`.'),
    'Accept-Ranges': textHeader('`bytes`.'),
    ETag: textHeader('Of the image.'),
  },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
  504: RETRY_AFTER,
  507: RETRY_AFTER,
};

/** Errors that any route may answer with. */
const OF_EVERY_ROUTE = ['invalid_request', 'internal'] as const satisfies readonly ErrorCode[];

/**
 * The answers of a route for these errors, by status. Their type is opaque, since the error handler sends them: the type of
 * what a handler may send consists of the other answers of its schema.
 * @param withAttempts errors that also have the header `X-Upscale-Attempts`, and that header.
 */
export function problemResponses(
  codes: readonly ErrorCode[] = [],
  withAttempts?: { readonly codes: readonly ErrorCode[]; readonly header: object },
): object {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...codes, ...(withAttempts?.codes ?? []), ...OF_EVERY_ROUTE])) {
    const { status } = ERROR_TABLE[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const tried = new Set(withAttempts?.codes.map((code) => ERROR_TABLE[code].status));
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((code) => `\`${code}\`: ${ERROR_TABLE[code].when}`).join('\n\n'),
        headers: {
          ...REQUEST_ID,
          ...HEADERS_BY_STATUS[status],
          ...(tried.has(status) ? { 'X-Upscale-Attempts': withAttempts?.header } : {}),
        },
        content: { [PROBLEM_TYPE]: { schema: refTo(ProblemSchema), example: exampleOf(group) } },
      },
    ]),
  );
}

/** Pages made from the document would otherwise show a problem with status 0. */
function exampleOf([code = 'internal']: readonly ErrorCode[]): Problem {
  const sentence = ERROR_TABLE[code].when.replaceAll('`', '');
  return problemOf(new TesseraError(code, sentence), '6f1c2a9e');
}
