import { type ErrorCode, TesseraError } from '../../domain/errors.js';
import { ERROR_TABLE } from '../errors/error-table.js';
import { PROBLEM_TYPE, type Problem, ProblemSchema, problemOf } from '../errors/problem.js';
import { refTo } from '../named-schema.js';
import { REQUEST_ID, textHeader } from './headers.js';

const RETRY_AFTER = {
  'Retry-After': {
    type: 'integer',
    description: 'Seconds after which the same request may be served; absent where waiting changes nothing.',
  },
};

/** Headers of problems by status, besides the request id. */
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

type ProblemResponse = ReturnType<typeof problemResponse>;

/** Errors that any route may answer with. */
const OF_EVERY_ROUTE = ['invalid_request', 'internal'] as const satisfies readonly ErrorCode[];

/** Response schemas of problems by status, each with its codes. */
export function problemResponses(...codes: readonly ErrorCode[]): Record<number, ProblemResponse> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set([...codes, ...OF_EVERY_ROUTE])) {
    const { status } = ERROR_TABLE[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries([...byStatus].map(([status, group]) => [status, problemResponse(status, group)]));
}

function problemResponse(status: number, codes: readonly ErrorCode[]) {
  return {
    description: codes.map((code) => `\`${code}\`: ${ERROR_TABLE[code].when}`).join('\n\n'),
    headers: { ...REQUEST_ID, ...HEADERS_BY_STATUS[status] },
    content: { [PROBLEM_TYPE]: { schema: refTo(ProblemSchema), example: exampleOf(codes) } },
  };
}

/** An example, without which pages made from the document show status 0. */
function exampleOf([code = 'internal']: readonly ErrorCode[]): Problem {
  const sentence = ERROR_TABLE[code].when.replaceAll('`', '');
  return problemOf(new TesseraError(code, sentence), '6f1c2a9e');
}
