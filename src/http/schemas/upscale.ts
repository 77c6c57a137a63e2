import type { FastifySchema } from 'fastify';
import { Type } from 'typebox';
import type { Config } from '../../config.js';
import { MEDIA_TYPES } from '../../download-name.js';
import { acceptedByOption, OPTION_NAMES, type OptionSpec, optionTable } from '../../option-table.js';
import { FALLBACK_REASONS, OUTPUT_FORMATS, PROVIDERS } from '../../types.js';
import { problemResponses } from './problem.js';

/** A body of bytes, in OpenAPI's words. */
const BINARY = { type: 'string', format: 'binary' };

/** JSON schemas of the options, for the query and for form fields. */
export function optionProperties(config: Config): Record<string, object> {
  const table = optionTable(config);
  return Object.fromEntries(OPTION_NAMES.map((name) => [name, optionSchema(table[name])]));
}

function optionSchema(spec: OptionSpec): object {
  const accepted = acceptedByOption(spec);
  const description = `${spec.description} Accepted: ${accepted}.`;
  switch (spec.type) {
    case 'number':
    case 'integer':
      return {
        type: spec.type,
        description,
        [spec.exclusiveMinimum ? 'exclusiveMinimum' : 'minimum']: spec.minimum,
        maximum: spec.maximum,
        ...(spec.default === undefined ? {} : { default: spec.default }),
      };
    case 'choice':
      return { type: 'string', description, enum: spec.choices, default: spec.default };
    case 'boolean':
      return { type: 'boolean', description, default: spec.default };
    case 'colour':
      return { type: 'string', description, default: spec.default };
    case 'model':
      return { type: 'string', description };
  }
}

/** The body of an upload: a form, or the image itself. */
export function uploadBody(config: Config, file: object): object {
  return {
    content: {
      'multipart/form-data': {
        schema: {
          type: 'object',
          required: ['file'],
          properties: { file, ...optionProperties(config) },
        },
      },
      'image/*': { schema: BINARY },
      'application/octet-stream': { schema: BINARY },
    },
  };
}

const PlannedRungSchema = Type.Object({
  model: Type.String(),
  provider: Type.Optional(Type.Enum([...PROVIDERS])),
  tileSizePx: Type.Optional(Type.Integer()),
  tiles: Type.Optional(Type.Integer()),
  estimatedSeconds: Type.Optional(Type.Number()),
  estimatedMemoryBytes: Type.Optional(Type.Number()),
  skipReason: Type.Optional(Type.Enum([...FALLBACK_REASONS])),
});

const PlanSchema = Type.Object({
  width: Type.Integer({ description: 'Of the result, in pixels.' }),
  height: Type.Integer(),
  rungs: Type.Array(PlannedRungSchema),
  model: Type.String({ description: 'Expected to serve.' }),
  provider: Type.Optional(Type.Enum([...PROVIDERS])),
  tiles: Type.Integer(),
  estimatedSeconds: Type.Number(),
  estimatedMemoryBytes: Type.Number(),
});

const TEXT = { type: 'string' };
const IMAGE_ANSWER = {
  description: 'The image, or with `dry_run=true` the plan.',
  headers: {
    'Content-Disposition': { ...TEXT, description: 'A file name such as photo_x4.jpg.' },
    'Server-Timing': { ...TEXT, description: 'Milliseconds: queue, decode, infer, blend, encode, turns.' },
    'X-Request-Id': { ...TEXT, description: 'The request in the log.' },
    'X-Upscale-Model': { ...TEXT, description: 'The model that made these pixels.' },
    'X-Upscale-Provider': { ...TEXT, description: 'What it ran on; `none` for Lanczos.' },
    'X-Upscale-Scale': { type: 'number', description: 'Output width ÷ input width, as asked.' },
    'X-Upscale-Tiles': { type: 'integer', description: 'Tiles computed.' },
    'X-Upscale-Fallback': { type: 'boolean', description: 'Another model than the first one served.' },
    'X-Upscale-Width': { type: 'integer', description: 'Pixels.' },
    'X-Upscale-Height': { type: 'integer', description: 'Pixels.' },
    'X-Upscale-Attempts': {
      ...TEXT,
      description:
        'Structured list (RFC 9651), oldest first: `model;provider=cpu;tile=512;outcome=served;reason=…;ms=812`.',
    },
    'X-Upscale-Dropped-Pages': {
      type: 'integer',
      description: 'Frames or pages beyond the first, which alone was upscaled; absent when there are none.',
    },
  },
  content: {
    ...Object.fromEntries(OUTPUT_FORMATS.map((format) => [MEDIA_TYPES[format], { schema: BINARY }])),
    'application/json': { schema: PlanSchema },
  },
};

export function upscaleSchema(config: Config): FastifySchema {
  return {
    tags: ['upscale'],
    summary: 'Upscale an image',
    description:
      'Send a photo, get it back larger. Options are query parameters or form fields, before or after the file; an unknown or ' +
      'repeated option is an error. The type of the image is found from its bytes: JPEG, PNG, WebP, TIFF, BMP, AVIF, GIF (first frame).',
    querystring: { type: 'object', properties: optionProperties(config) },
    body: uploadBody(config, {
      ...BINARY,
      description: 'The image; `image` is another name for this field.',
    }),
    response: {
      200: IMAGE_ANSWER,
      ...problemResponses(
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
        'unauthorized',
        'upload_timeout',
        'upload_too_large',
        'image_too_large',
        'output_too_large',
        'unsupported_media_type',
        'rate_limited',
        'queue_full',
        'shutting_down',
        'engine_unavailable',
        'fallback_refused',
        'cancelled',
        'deadline_exceeded',
        'disk_full',
      ),
    },
  };
}
