import { STATUS_CODES } from 'node:http';
import { type Static, Type } from 'typebox';
import { ERROR_CODES, RETRIES, RETRY, type TesseraError } from '../../domain/errors.js';
import { named, oneOf } from '../named-schema.js';
import { ERROR_TABLE } from './error-table.js';

export const PROBLEM_TYPE = 'application/problem+json';

/** The RFC 9457 body of every error. `type` is always `about:blank`: the stable name of the problem is `code`. */
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

export type Problem = Static<typeof ProblemSchema>;

/** The problem document of an error. It holds nothing internal. */
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
