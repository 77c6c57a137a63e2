import { Type } from 'typebox';
import { RETRIES } from '../../errors.js';
import { FALLBACK_REASONS, KEEPABLE, OUTPUT_FORMATS, PROVIDERS, STAGES } from '../../types.js';

/**
 * A job as `GET /jobs/{id}` and the `state` events of `GET /jobs/{id}/events` tell of it. The web page and
 * `tessera upscale --server` read nothing else.
 */
export const AttemptSchema = Type.Object({
  model: Type.String(),
  provider: Type.Optional(Type.Enum([...PROVIDERS])),
  tileSizePx: Type.Optional(Type.Integer()),
  outcome: Type.Enum(['served', 'failed', 'skipped']),
  reason: Type.Optional(Type.Enum([...FALLBACK_REASONS])),
  detail: Type.Optional(Type.String()),
  ms: Type.Number(),
});

export const JobSchema = Type.Object({
  id: Type.String(),
  state: Type.Enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  fileName: Type.Optional(Type.String({ description: "The client's file name, made safe." })),
  source: Type.Object({
    width: Type.Integer(),
    height: Type.Integer(),
    format: Type.String(),
    bytes: Type.Integer(),
  }),
  createdAt: Type.String({ format: 'date-time' }),
  expiresAt: Type.Optional(
    Type.String({ format: 'date-time', description: 'When a finished job and its result are removed.' }),
  ),
  position: Type.Optional(
    Type.Integer({ minimum: 1, description: 'Place in the queue, while queued: 1 is the next to start.' }),
  ),
  progress: Type.Optional(
    Type.Object({
      stage: Type.Enum([...STAGES], {
        description:
          'Reading the picture; a network, which is being loaded while `tilesTotal` is 0; plain resampling; writing the result.',
      }),
      tilesDone: Type.Integer(),
      tilesTotal: Type.Integer(),
      rowsDone: Type.Optional(
        Type.Integer({ description: 'Rows of the source, where a stage counts them instead of tiles.' }),
      ),
      rowsTotal: Type.Optional(Type.Integer()),
      bytesWritten: Type.Optional(
        Type.Integer({ description: 'Of the result, while PNG or TIFF is written.' }),
      ),
      model: Type.Optional(Type.String()),
      provider: Type.Optional(Type.Enum([...PROVIDERS])),
      secondsLeft: Type.Optional(Type.Number()),
    }),
  ),
  attempts: Type.Array(AttemptSchema),
  result: Type.Optional(
    Type.Object({
      href: Type.String({ description: 'Relative link to the image: /jobs/{id}/result.' }),
      fileName: Type.String(),
      mediaType: Type.String(),
      format: Type.Enum([...OUTPUT_FORMATS]),
      bytes: Type.Integer(),
      width: Type.Integer(),
      height: Type.Integer(),
      scale: Type.Number(),
      model: Type.String(),
      provider: Type.Optional(Type.Enum([...PROVIDERS])),
      tiles: Type.Integer(),
      fallback: Type.Boolean(),
      droppedPages: Type.Optional(
        Type.Integer({
          description:
            'Frames or pages beyond the first, which alone was upscaled; absent when there are none.',
        }),
      ),
      notKept: Type.Optional(
        Type.Array(Type.Enum([...KEEPABLE]), {
          description:
            'What `metadata=keep` or `profile=keep` asked for, the source has and the result lacks; absent when there is nothing.',
        }),
      ),
      milliseconds: Type.Number({ description: 'From the end of the upload to the result.' }),
    }),
  ),
  /** The same problem document that `POST /upscale` would have answered with. */
  error: Type.Optional(
    Type.Object({
      type: Type.String(),
      title: Type.String(),
      status: Type.Integer(),
      code: Type.String(),
      retry: Type.Enum([...RETRIES]),
      detail: Type.String(),
      estimatedSeconds: Type.Optional(Type.Number()),
    }),
  ),
});

/** `POST /jobs` answers 202 with this; `Location` names the job when there is one. */
export const JobListSchema = Type.Object({ jobs: Type.Array(JobSchema) });
