import { type Static, Type } from 'typebox';
import { ERROR_CODES, RETRIES } from '../../domain/errors.js';
import {
  type Attempt,
  FALLBACK_REASONS,
  KEEPABLE,
  OUTPUT_FORMATS,
  PROVIDERS,
  STAGES,
  type UpscaleProgress,
} from '../../domain/types.js';
import { JOB_STATES } from '../../jobs/job.js';
import {
  decimal,
  type FieldsOf,
  flag,
  integer,
  listOf,
  named,
  oneOf,
  optional,
  refTo,
  text,
} from './named.js';

const Provider = optional(oneOf(PROVIDERS, 'What the model ran on; absent for Lanczos.'));

export const AttemptSchema = named(
  'Attempt',
  'One try of one model.',
  Type.Object({
    model: text('Its name, as in `GET /models`.'),
    provider: Provider,
    tileSizePx: optional(integer('Largest model input, in pixels.')),
    outcome: oneOf(['served', 'failed', 'skipped'], 'What came of it.'),
    reason: optional(oneOf(FALLBACK_REASONS, 'Why it did not serve.')),
    detail: optional(text('The same as a sentence.')),
    ms: decimal('Milliseconds that it took.'),
  } satisfies FieldsOf<Attempt>),
);

export const JobProgressSchema = named(
  'JobProgress',
  'How far a job is; also the data of its `progress` events.',
  Type.Object({
    stage: oneOf(
      STAGES,
      'Reading the picture; a network, which is being loaded while `tilesTotal` is 0; plain resampling; writing the result.',
    ),
    tilesDone: integer('Tiles that are computed.'),
    tilesTotal: integer('Tiles in all; 0 until a network is loaded, and for plain resampling.'),
    rowsDone: optional(integer('Rows of the source, where a stage counts them instead of tiles.')),
    rowsTotal: optional(integer('Rows in all.')),
    bytesWritten: optional(integer('Bytes of the result so far, while PNG or TIFF is written.')),
    model: optional(text('The model at work; absent before one is chosen.')),
    provider: Provider,
    secondsLeft: optional(decimal('Seconds that this stage still takes; absent while nothing tells.')),
  } satisfies FieldsOf<UpscaleProgress>),
);

export const JobResultSchema = named(
  'JobResult',
  'What a job made; the image is at `href`.',
  Type.Object({
    href: text('Relative link to the image: `/jobs/{id}/result`.'),
    fileName: text('The name that its download has.'),
    mediaType: text('Of the image, such as `image/jpeg`.'),
    format: oneOf(OUTPUT_FORMATS, 'Of the image, as in the option `format`.'),
    bytes: integer('Size of the image.'),
    width: integer('In pixels.'),
    height: integer('In pixels.'),
    scale: decimal('Result ÷ source, as asked or chosen.'),
    model: text('The model that made these pixels.'),
    provider: Provider,
    tiles: integer('Computed; 0 for Lanczos.'),
    fallback: flag('Whether another model served than the first of the chain, or the one named.'),
    droppedPages: optional(
      integer('Frames or pages beyond the first, which alone was upscaled; absent when there are none.'),
    ),
    notKept: optional(
      listOf(
        Type.Enum([...KEEPABLE], { type: 'string' }),
        'What `metadata=keep` or `profile=keep` asked for, the source has and the result lacks; absent when there is nothing.',
      ),
    ),
    milliseconds: decimal('From the end of the upload to the result.'),
  }),
);

export const JobProblemSchema = named(
  'JobProblem',
  'Why a job has no result: the problem that `POST /upscale` would have answered with, without the id of a request.',
  Type.Object({
    type: text('Always about:blank; `code` names the problem.'),
    title: text('The reason phrase of the status.'),
    status: integer('The status that `POST /upscale` would have answered with.'),
    code: oneOf(ERROR_CODES, 'Stable name of the problem.'),
    retry: oneOf(RETRIES, 'What helps, as in a `Problem`.'),
    detail: text('One sentence that says what was wrong and what is accepted.'),
    estimatedSeconds: optional(
      decimal('Of `deadline_exceeded`: seconds that the image needs, as far as is known.'),
    ),
  }),
);

/** The web page and `tessera upscale --server` read nothing else of a job. */
export const JobSchema = named(
  'Job',
  'A job; also the data of its `state` events. It has `position` while it waits, `progress` while it runs, and `result` or `error` once it has ended.',
  Type.Object({
    id: text('Names the job in `/jobs/{id}`.'),
    state: oneOf(JOB_STATES, 'The last three are its end.'),
    fileName: optional(text("The client's file name, made safe.")),
    source: Type.Object(
      {
        width: integer('In pixels, as the picture is shown.'),
        height: integer('In pixels, as the picture is shown.'),
        format: text('Found from its bytes, such as `jpeg`.'),
        bytes: integer('Size of the file.'),
      },
      { description: 'The picture that was sent.' },
    ),
    createdAt: Type.String({ format: 'date-time', description: 'When its upload had come.' }),
    expiresAt: optional(
      Type.String({ format: 'date-time', description: 'When a finished job and its result are removed.' }),
    ),
    position: optional(
      Type.Integer({ minimum: 1, description: 'Place in the queue, while queued: 1 is the next to start.' }),
    ),
    progress: optional(refTo(JobProgressSchema)),
    attempts: listOf(refTo(AttemptSchema), 'Every model that was tried, oldest first.'),
    result: optional(refTo(JobResultSchema)),
    error: optional(refTo(JobProblemSchema)),
  }),
);

export type JobView = Static<typeof JobSchema>;

/** The answer to `POST /jobs`; its `Location` names the job if there is only one. */
export const JobListSchema = named(
  'JobList',
  'The jobs of one request.',
  Type.Object({ jobs: listOf(refTo(JobSchema), 'In the order of the files.') }),
);

export type JobList = Static<typeof JobListSchema>;
