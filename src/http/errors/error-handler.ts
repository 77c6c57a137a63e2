import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, TesseraError } from '../../domain/errors.js';
import { attemptsHeader } from './attempts-header.js';
import { ERROR_TABLE } from './error-table.js';
import { unsupportedMediaType } from './media-type.js';
import { PROBLEM_TYPE, problemOf } from './problem.js';

/** Errors of Fastify and its plugins that a caller can cause, with the sentence for the caller. */
const FASTIFY_ERRORS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['upload_too_large', 'The body is too large for this path.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'upload_aborted',
    'The body does not have the declared Content-Length.',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid_request', 'The JSON body is empty.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid_request', 'The body is not valid JSON.'],
  FST_ERR_VALIDATION: ['invalid_request', 'The request does not match what this path expects.'],
  FST_ERR_BAD_URL: ['invalid_request', 'The path of the request is not a valid URL.'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'There is nothing at this path.'],
  FST_ERR_NOT_FOUND: ['not_found', 'There is nothing at this path.'],
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: ['invalid_request', 'The request needs a Content-Type.'],
  FST_PARTS_LIMIT: ['malformed_multipart', 'The form has too many parts.'],
  FST_FILES_LIMIT: ['too_many_files', 'The form has too many files.'],
  FST_FIELDS_LIMIT: ['malformed_multipart', 'The form has too many fields.'],
  FST_PROTO_VIOLATION: ['unknown_option', 'The form has a field with a name that is not allowed.'],
  FST_INVALID_MULTIPART_CONTENT_TYPE: ['unsupported_media_type', 'The request is not multipart/form-data.'],
  FST_INVALID_JSON_FIELD_ERROR: ['invalid_option', 'A form field is declared as JSON but is not valid JSON.'],
  FST_REQ_FILE_TOO_LARGE: ['upload_too_large', 'The file is too large.'],
  FST_MP_PREMATURE_CLOSE: ['upload_aborted', 'The connection ended before the body did.'],
};

/** 4xx errors of other libraries, by status: for example of `send`, which serves the files of `/docs`. */
const LIBRARY_ERRORS: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  403: ['not_found', 'There is nothing at this path.'],
  404: ['not_found', 'There is nothing at this path.'],
  416: ['range_not_satisfiable', 'The range begins after the end of what is at this path.'],
};
const OTHER_LIBRARY_ERROR = ['invalid_request', 'The request is not one that this path can answer.'] as const;

/** `Retry-After` of temporary errors that carry no better value. */
const RETRY_AFTER_SECONDS: Partial<Record<ErrorCode, number>> = {
  queue_full: 5,
  storage_unavailable: 30,
  shutting_down: 5,
  engine_unavailable: 10,
  cancelled: 1,
};

/** Converts anything thrown during a request into a domain error. */
export function domainError(thrown: unknown): TesseraError {
  if (thrown instanceof TesseraError) return thrown;
  const { code: name, statusCode } = (thrown ?? {}) as Partial<FastifyError>;
  const known = FASTIFY_ERRORS[name ?? ''] ?? libraryError(statusCode);
  if (known === undefined) return TesseraError.from(thrown);
  const [code, sentence] = known;
  return new TesseraError(code, sentence, { cause: thrown });
}

/** Whether Fastify found no parser for the body's media type. The error does not name the type; the request does. */
function isOfMediaType(thrown: unknown): boolean {
  return (thrown as Partial<FastifyError> | undefined)?.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE';
}

/** Whether an error only means that the client has left. */
function isOfLeaving({ code, cause }: TesseraError, reply: FastifyReply): boolean {
  if (!reply.raw.destroyed) return false;
  return code === 'cancelled' || (cause as Partial<FastifyError>)?.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

function libraryError(status: number | undefined): readonly [ErrorCode, string] | undefined {
  if (status === undefined || status < 400 || status >= 500) return undefined;
  return LIBRARY_ERRORS[status] ?? OTHER_LIBRARY_ERROR;
}

/** Answers with `application/problem+json`. Logs faults of the service under the request id. */
export function replyWithProblem(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const error = isOfMediaType(thrown) ? unsupportedMediaType(request) : domainError(thrown);
  const { status } = ERROR_TABLE[error.code];
  if (status >= 500) {
    const level = isOfLeaving(error, reply) ? 'debug' : error.code === 'internal' ? 'error' : 'warn';
    request.log[level]({ code: error.code, internal: error.internal, err: error.cause }, error.message);
  }
  const { allow } = error.details;
  const retryAfterSeconds = error.details.retryAfterSeconds ?? RETRY_AFTER_SECONDS[error.code];
  if (retryAfterSeconds !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfterSeconds)));
  if (error.attempts.length > 0) reply.header('x-upscale-attempts', attemptsHeader(error.attempts));
  if (allow !== undefined) reply.header('allow', allow.join(', '));
  if (error.code === 'unauthorized')
    reply.header('www-authenticate', 'Bearer realm="tessera", charset="UTF-8"');
  reply.removeHeader('content-length').removeHeader('content-disposition');
  return reply
    .code(status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_TYPE)
    .serializer((body) => JSON.stringify(body))
    .send(problemOf(error, request.id));
}
