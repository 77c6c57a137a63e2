import { Type } from 'typebox';
import { ERROR_CODES, type ErrorCode, RETRIES, TesseraError } from '../../domain/errors.js';
import { ERROR_TABLE } from '../errors/error-table.js';
import { PROBLEM_TYPE, type Problem, problemOf } from '../errors/problem.js';
import { REQUEST_ID, textHeader } from './headers.js';
import { named, oneOf, refTo } from './named.js';

/** RFC 9457, as `http/problem.ts` writes it. */
export const ProblemSchema = named(
  'Problem',
  'A problem document (RFC 9457), with members of our own.',
  Type.Object({
    type: Type.String({ description: 'Always about:blank; `code` names the problem.' }),
    title: Type.String({ description: 'The reason phrase of the status.' }),
    status: Type.Integer({ description: 'The status of the answer.' }),
    detail: Type.String({ description: 'One sentence that says what was wrong and what is accepted.' }),
    code: oneOf(ERROR_CODES, 'Stable name of the problem.'),
    retry: oneOf(
      RETRIES,
      'What helps: `as_is`, the same request later; `changed`, another request for the same picture; `never`, nothing with this picture.',
    ),
    request_id: Type.String({ description: 'The request in the log; also in X-Request-Id.' }),
    parameter: Type.Optional(
      Type.String({
        description: 'The option, field or header at fault; `file[1]` is the second of several files.',
      }),
    ),
    accepted: Type.Optional(Type.String({ description: 'What it accepts.' })),
    received: Type.Optional(Type.String({ description: 'What came, shortened.' })),
    retry_after_seconds: Type.Optional(Type.Number({ description: 'Seconds after which to come back.' })),
    estimated_seconds: Type.Optional(
      Type.Number({
        description:
          'Of `deadline_exceeded`: seconds that the image needs with the first model, when nothing else is at work. Absent while no speed is known.',
      }),
    ),
  }),
);

const RETRY_AFTER = {
  'Retry-After': {
    type: 'integer',
    description: 'Seconds after which the same request may be served; absent where waiting changes nothing.',
  },
};

/** Headers of problems of one status, beside the id of the request. */
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

export interface ProblemResponse {
  readonly description: string;
  readonly headers: Readonly<Record<string, object>>;
  readonly content: object;
}

/** What any request may be answered with. */
const OF_EVERY_ROUTE = ['invalid_request', 'internal'] as const satisfies readonly ErrorCode[];

/** Response schemas for the problems that a route may answer with, by status, each with its codes. */
export function problemResponses(...codes: readonly ErrorCode[]): Record<number, ProblemResponse> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...codes, ...OF_EVERY_ROUTE])) {
    const { status } = ERROR_TABLE[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: group.map((code) => `\`${code}\`: ${ERROR_TABLE[code].when}`).join('\n\n'),
        headers: { ...REQUEST_ID, ...HEADERS_BY_STATUS[status] },
        content: { [PROBLEM_TYPE]: { schema: refTo(ProblemSchema), example: exampleOf(group) } },
      },
    ]),
  );
}

/** Without one, pages made from the document show a problem with status 0. */
function exampleOf([code = 'internal']: readonly ErrorCode[]): Problem {
  const sentence = ERROR_TABLE[code].when.replaceAll('`', '');
  return problemOf(new TesseraError(code, sentence), '6f1c2a9e');
}
