import { type Static, Type } from 'typebox';
import { ERROR_CODES, RETRIES } from '../../domain/errors.js';
import { JOB_STATES } from '../../domain/job-state.js';
import {
  type Attempt,
  FALLBACK_REASONS,
  KEEPABLE,
  OUTPUT_FORMATS,
  PROVIDERS,
  STAGES,
  UPSCALE_STEPS,
  type UpscaleProgress,
} from '../../domain/types.js';
import { listOf, named, oneOf, refTo, schemaOf } from '../named-schema.js';

const Provider = Type.Optional(oneOf(PROVIDERS, 'What the model ran on; absent for Lanczos.'));

export const AttemptSchema = named(
  'Attempt',
  'One try of one model.',
  schemaOf<Attempt>()(
    Type.Object({
      model: Type.String({ description: 'Its name, as in `GET /models`.' }),
      provider: Provider,
      tileSizePx: Type.Optional(Type.Integer({ description: 'Largest model input, in pixels.' })),
      outcome: oneOf(['served', 'failed', 'skipped'], 'What came of it.'),
      reason: Type.Optional(oneOf(FALLBACK_REASONS, 'Why it did not serve.')),
      detail: Type.Optional(Type.String({ description: 'The same as a sentence.' })),
      ms: Type.Number({ description: 'Milliseconds that it took.' }),
    }),
  ),
);

/** The data of a job's `progress` events. */
export const JobProgressSchema = named(
  'JobProgress',
  'How far a job is; also the data of its `progress` events.',
  schemaOf<UpscaleProgress>()(
    Type.Object({
      stage: oneOf(
        STAGES,
        'Reading the picture; a network, which is being loaded while `tilesTotal` is 0; plain resampling; writing the result.',
      ),
      tilesDone: Type.Integer({ description: 'Tiles that are computed.' }),
      tilesTotal: Type.Integer({
        description: 'Tiles in all; 0 until a network is loaded, and for plain resampling.',
      }),
      rowsDone: Type.Optional(
        Type.Integer({ description: 'Rows of the source, where a stage counts them instead of tiles.' }),
      ),
      rowsTotal: Type.Optional(Type.Integer({ description: 'Rows in all.' })),
      bytesWritten: Type.Optional(
        Type.Integer({ description: 'Bytes of the result so far, while PNG or TIFF is written.' }),
      ),
      model: Type.Optional(Type.String({ description: 'The model at work; absent before one is chosen.' })),
      provider: Provider,
      secondsLeft: Type.Optional(
        Type.Number({ description: 'Seconds that this stage still takes; absent while nothing tells.' }),
      ),
    }),
  ),
);

export const JobResultSchema = named(
  'JobResult',
  'What a job made; the image is at `href`.',
  Type.Object({
    href: Type.String({ description: 'Relative link to the image: `/jobs/{id}/result`.' }),
    fileName: Type.String({ description: 'The name that its download has.' }),
    mediaType: Type.String({ description: 'Of the image, such as `image/jpeg`.' }),
    format: oneOf(OUTPUT_FORMATS, 'Of the image, as in the option `format`.'),
    bytes: Type.Integer({ description: 'Size of the image.' }),
    width: Type.Integer({ description: 'In pixels.' }),
    height: Type.Integer({ description: 'In pixels.' }),
    scale: Type.Number({ description: 'Result ÷ source, as asked or chosen.' }),
    model: Type.String({ description: 'The model that made these pixels.' }),
    provider: Provider,
    steps: Type.Optional(
      listOf(Type.Enum([...UPSCALE_STEPS], { type: 'string' }), {
        description: 'What was done to the image, in this order; a step that was not needed is absent.',
      }),
    ),
    tiles: Type.Integer({ description: 'Computed; 0 for Lanczos.' }),
    fallback: Type.Boolean({
      description: 'Whether another model served than the first of the chain, or the one named.',
    }),
    droppedPages: Type.Optional(
      Type.Integer({
        description:
          'Frames or pages beyond the first, which alone was upscaled; absent when there are none.',
      }),
    ),
    notKept: Type.Optional(
      listOf(Type.Enum([...KEEPABLE], { type: 'string' }), {
        description:
          'What `metadata=keep` or `profile=keep` asked for, the source has and the result lacks; absent when there is nothing.',
      }),
    ),
    milliseconds: Type.Number({ description: 'From the end of the upload to the result.' }),
  }),
);

/** A problem without a request id. */
export const JobProblemSchema = named(
  'JobProblem',
  'Why a job has no result: the problem that `POST /upscale` would have answered with, without the id of a request.',
  Type.Object({
    type: Type.String({ description: 'Always about:blank; `code` names the problem.' }),
    title: Type.String({ description: 'The reason phrase of the status.' }),
    status: Type.Integer({ description: 'The status that `POST /upscale` would have answered with.' }),
    code: oneOf(ERROR_CODES, 'Stable name of the problem.'),
    retry: oneOf(RETRIES, 'What helps, as in a `Problem`.'),
    detail: Type.String({ description: 'One sentence that says what was wrong and what is accepted.' }),
    estimatedSeconds: Type.Optional(
      Type.Number({
        description: 'Of `deadline_exceeded`: seconds that the image needs, as far as is known.',
      }),
    ),
  }),
);

/** A job as `GET /jobs/{id}` and its `state` events show it. The page and `tessera upscale --server` read nothing else. */
export const JobSchema = named(
  'Job',
  'A job; also the data of its `state` events. It has `position` while it waits, `progress` while it runs, and `result` or `error` once it has ended.',
  Type.Object({
    id: Type.String({ description: 'Names the job in `/jobs/{id}`.' }),
    state: oneOf(JOB_STATES, 'The last three are its end.'),
    fileName: Type.Optional(Type.String({ description: "The client's file name, made safe." })),
    source: Type.Object(
      {
        width: Type.Integer({ description: 'In pixels, as the picture is shown.' }),
        height: Type.Integer({ description: 'In pixels, as the picture is shown.' }),
        format: Type.String({ description: 'Found from its bytes, such as `jpeg`.' }),
        bytes: Type.Integer({ description: 'Size of the file.' }),
      },
      { description: 'The picture that was sent.' },
    ),
    createdAt: Type.String({ format: 'date-time', description: 'When its upload had come.' }),
    expiresAt: Type.Optional(
      Type.String({ format: 'date-time', description: 'When a finished job and its result are removed.' }),
    ),
    position: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Place in the queue, while queued: 1 is the next to start.' }),
    ),
    progress: Type.Optional(refTo(JobProgressSchema)),
    attempts: listOf(refTo(AttemptSchema), { description: 'Every model that was tried, oldest first.' }),
    result: Type.Optional(refTo(JobResultSchema)),
    error: Type.Optional(refTo(JobProblemSchema)),
  }),
);

/** The answer 202 of `POST /jobs`. `Location` names a single job. */
export const JobListSchema = named(
  'JobList',
  'The jobs of one request.',
  Type.Object({ jobs: listOf(refTo(JobSchema), { description: 'In the order of the files.' }) }),
);

export type JobView = Static<typeof JobSchema>;
export type JobList = Static<typeof JobListSchema>;
