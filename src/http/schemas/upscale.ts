import type { FastifySchema } from 'fastify';
import { Type } from 'typebox';
import type { Config } from '../../config/config.js';
import type { ErrorCode } from '../../domain/errors.js';
import { ACCEPTED_FORMATS } from '../../pipeline/input/sniff.js';
import { jsonAnswer, refTo } from '../named-schema.js';
import { REQUEST_ID, textHeader } from './headers.js';
import { BINARY, IMAGE_CONTENT, IMAGE_HEADER_SCHEMAS } from './image.js';
import { JobListSchema } from './job.js';
import { optionProperties } from './options.js';
import { PlanSchema } from './plan.js';
import { problemResponses } from './problem.js';

/**
 * The body of an upload: a form, or the image itself. Options are described once, as query parameters. Described as
 * form fields too, the page of `/docs` would fill each field with a sample ("string") and send it.
 */
export function uploadBody(file: object): object {
  const description =
    'Every option that is described as a query parameter may be a form field instead, before or after the file. Without a ' +
    'Content-Type the body is taken as the image itself.';
  return {
    content: {
      'multipart/form-data': {
        schema: { type: 'object', description, required: ['file'], properties: { file } },
      },
      'image/*': { schema: BINARY },
      'application/octet-stream': { schema: BINARY },
    },
  };
}

/** Errors of an upload before it becomes a job. */
export const UPLOAD_ERRORS = [
  'no_file',
  'too_many_files',
  'unknown_option',
  'invalid_option',
  'repeated_option',
  'malformed_multipart',
  'upload_aborted',
  'unsupported_image',
  'corrupt_image',
  'unauthorized',
  'upload_timeout',
  'upload_too_large',
  'image_too_large',
  'output_too_large',
  'unsupported_media_type',
  'rate_limited',
  'queue_full',
  'shutting_down',
  'disk_full',
  'storage_unavailable',
  'engine_unavailable',
  'expectation_failed',
  'idempotency_conflict',
] as const satisfies readonly ErrorCode[];

/** Errors of an upscale in progress. Such a problem lists the attempts. */
const UPSCALE_ERRORS = [
  'output_too_large',
  'disk_full',
  'internal',
  'image_crashes_engine',
  'engine_unavailable',
  'fallback_refused',
  'cancelled',
  'deadline_exceeded',
] as const satisfies readonly ErrorCode[];

function upscaleProblems() {
  const begun = problemResponses(...UPSCALE_ERRORS);
  const attempts = { 'X-Upscale-Attempts': IMAGE_HEADER_SCHEMAS['X-Upscale-Attempts'] };
  return Object.fromEntries(
    Object.entries(problemResponses(...UPLOAD_ERRORS, ...UPSCALE_ERRORS)).map(([status, problem]) => [
      status,
      status in begun ? { ...problem, headers: { ...problem.headers, ...attempts } } : problem,
    ]),
  );
}

/** Headers of answers with jobs. */
export const JOB_HEADERS = {
  ...REQUEST_ID,
  Location: textHeader('Where the job is: `/jobs/{id}`; absent where there are several.'),
  'Preference-Applied': textHeader('`respond-async`, where the request prefers that.'),
};

/** The header that makes a repeated request return the same jobs. */
export const IdempotencyKey = Type.String({
  description:
    'For jobs: the same key, images and options give the same ones; the key with others is 422. 1 to 255 printable ASCII characters without spaces. When left out: every request makes new jobs.',
});

export function upscaleSchema(config: Config): FastifySchema {
  return {
    tags: ['upscale'],
    operationId: 'upscale',
    summary: 'Upscale an image',
    description:
      'Send a photo, get it back larger. Options are query parameters or form fields, before or after the file; an unknown or ' +
      `repeated option is an error, and one that is left empty (\`scale=\`, as forms send it) counts as not given. The type of the image is found from its bytes: ${ACCEPTED_FORMATS} (of animations and pages the first).`,
    querystring: { type: 'object', properties: optionProperties(config) },
    body: uploadBody({ ...BINARY, description: 'The image; `image` is another name for this field.' }),
    headers: Type.Object({
      prefer: Type.Optional(
        Type.String({
          description:
            '`respond-async`: answer 202 with a job at once, as `POST /jobs` does, and with its default of `timeout`: the longest allowed. When left out: the answer is the image.',
        }),
      ),
      'idempotency-key': Type.Optional(IdempotencyKey),
    }),
    response: {
      200: {
        description: 'The image, or with `dry_run=true` the plan, which has no `X-Upscale-` headers.',
        headers: {
          ...IMAGE_HEADER_SCHEMAS,
          Vary: textHeader('`Accept`: with `format=auto` it chooses the format.'),
        },
        content: { ...IMAGE_CONTENT, 'application/json': { schema: refTo(PlanSchema) } },
      },
      202: jsonAnswer('With `Prefer: respond-async`: the job.', JobListSchema, JOB_HEADERS),
      ...upscaleProblems(),
    },
  };
}
