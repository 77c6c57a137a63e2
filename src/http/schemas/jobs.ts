import type { FastifySchema } from 'fastify';
import { Type } from 'typebox';
import type { Config } from '../../config/config.js';
import { patient } from '../../options/option-defaults.js';
import { jsonAnswer } from '../named-schema.js';
import { REQUEST_ID, textHeader } from './headers.js';
import { BINARY, IMAGE_CONTENT, IMAGE_HEADER_SCHEMAS } from './image.js';
import { JobListSchema, JobSchema } from './job.js';
import { optionProperties } from './options.js';
import { problemResponses } from './problem.js';
import { IdempotencyKey, JOB_HEADERS, UPLOAD_ERRORS, uploadBody } from './upscale.js';

const TEXT = { type: 'string' };
const TAGS = ['jobs'];
const JobParams = Type.Object({ id: Type.String({ description: 'The `id` that `POST /jobs` gave it.' }) });

/** The options of a job: those of `/upscale`, and its own. */
function jobOptions(config: Config): Record<string, object> {
  const { dry_run: _onlyUpscale, ...options } = optionProperties(patient(config));
  return {
    ...options,
    callback_url: {
      ...TEXT,
      description:
        'Told of the end by one signed POST (`X-Tessera-Signature: t=<seconds>,v1=<HMAC-SHA256 of "<t>.<body>">`); a URL of a host that `CALLBACK_HOSTS` lists. When left out: nobody is told.',
    },
  };
}

export function createJobsSchema(config: Config, maxFiles: number): FastifySchema {
  return {
    tags: TAGS,
    operationId: 'createJobs',
    summary: 'Upscale images in the background',
    description:
      'The same upload and options as `/upscale`, with one or many files: a job for each. All are taken, or none: the error of a bad one ' +
      'says which it is. Where the request names no `timeout`, each may take the longest one that is allowed.',
    querystring: { type: 'object', properties: jobOptions(config) },
    headers: Type.Object({
      'idempotency-key': Type.Optional(IdempotencyKey),
    }),
    body: uploadBody({
      type: 'array',
      items: BINARY,
      maxItems: maxFiles,
      description: 'One image or several; `image` is another name for this field.',
    }),
    response: {
      202: jsonAnswer('The jobs, in the order of the files.', JobListSchema, JOB_HEADERS),
      ...problemResponses(...UPLOAD_ERRORS),
    },
  };
}

export const readJobSchema: FastifySchema = {
  tags: TAGS,
  operationId: 'getJob',
  summary: 'State, progress, attempts, result or error of a job',
  params: JobParams,
  response: {
    200: jsonAnswer('The job.', JobSchema, REQUEST_ID),
    ...problemResponses('unauthorized', 'not_found', 'rate_limited'),
  },
};

export const jobEventsSchema: FastifySchema = {
  tags: TAGS,
  operationId: 'followJob',
  summary: 'Follow a job by server-sent events',
  description:
    '`event: state` has the whole job, `event: progress` its progress, at least each second while it is at work; comments are heartbeats. The stream ends with the job.',
  params: JobParams,
  headers: Type.Object({
    'last-event-id': Type.Optional(
      Type.String({
        description:
          'The `id` of the last event that was seen: the stream goes on after it. When left out: it begins with the state that the job has.',
      }),
    ),
  }),
  response: {
    200: {
      description: 'Events until the job ends.',
      headers: REQUEST_ID,
      content: { 'text/event-stream': { schema: TEXT } },
    },
    ...problemResponses('unauthorized', 'not_found', 'rate_limited'),
  },
};

const RESULT_HEADERS = {
  ETag: textHeader('Of the whole image, which never changes.'),
  'Accept-Ranges': textHeader('`bytes`.'),
};

export const jobResultSchema: FastifySchema = {
  tags: TAGS,
  operationId: 'getJobResult',
  summary: 'The image that a job made',
  params: JobParams,
  headers: Type.Object({
    range: Type.Optional(
      Type.String({
        description: 'One range of bytes, such as `bytes=0-1023`. When left out: the whole image.',
      }),
    ),
    'if-range': Type.Optional(
      Type.String({
        description:
          'The ETag for which the range is meant; another one: the whole image. When left out: the range holds for any.',
      }),
    ),
    'if-none-match': Type.Optional(
      Type.String({
        description:
          'ETags that the client has: with that of this image the answer is 304. When left out: the image is sent.',
      }),
    ),
  }),
  response: {
    200: {
      description: 'The image.',
      headers: {
        ...IMAGE_HEADER_SCHEMAS,
        ...RESULT_HEADERS,
      },
      content: IMAGE_CONTENT,
    },
    206: {
      description: 'The range of it.',
      headers: {
        ...IMAGE_HEADER_SCHEMAS,
        ...RESULT_HEADERS,
        'Content-Range': textHeader('Which bytes of how many.'),
      },
      content: IMAGE_CONTENT,
    },
    304: {
      description: 'The client has it.',
      headers: { ...REQUEST_ID, ...RESULT_HEADERS },
      type: 'null',
    },
    ...problemResponses(
      'unauthorized',
      'not_found',
      'result_not_ready',
      'range_not_satisfiable',
      'storage_unavailable',
      'rate_limited',
    ),
  },
};

export const deleteJobSchema: FastifySchema = {
  tags: TAGS,
  operationId: 'deleteJob',
  summary: 'Cancel a job, or remove one that has ended',
  description:
    'A job at work stops at its next tile and stays, cancelled, until it expires; one that has ended goes with its result.',
  params: JobParams,
  response: {
    204: { description: 'Done.', headers: REQUEST_ID, type: 'null' },
    ...problemResponses('unauthorized', 'not_found', 'rate_limited'),
  },
};
