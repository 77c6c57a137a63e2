import { type Static, Type } from 'typebox';
import { type ModelStatus, PROVIDERS, type ProviderStatus } from '../../domain/types.js';
import type { EngineStatus } from '../../engine/engine.js';
import type { QueueStatus } from '../../jobs/job.js';
import type { DownloadStatus } from '../../models/download/background-download.js';
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

const Provider = optional(
  oneOf(PROVIDERS, 'What it runs on, or would first be tried on; absent for Lanczos.'),
);

const modelState = {
  installed: flag('Whether its file is there.'),
  loaded: flag('Whether an engine has it in memory.'),
  provider: Provider,
  unavailable: optional(text('Why it cannot serve now.')),
};

const ModelSchema = named(
  'Model',
  'A model, and what it can do here.',
  Type.Object({
    name: text('What the option `model` takes.'),
    title: text('Its name for people.'),
    purpose: optional(text("What it is for; a user's own model may say nothing.")),
    family: text('The kind of network, such as `real-esrgan`.'),
    scale: decimal('The scale it was trained for; other scales are resampled from it.'),
    licence: text('Of its weights.'),
    sha256: optional(text('Of its file, which is compared with it when it is loaded; Lanczos has none.')),
    confirmed: flag('Two independent sources agree on its hash.'),
    chainPosition: optional(integer('Place in the chain, from 0; absent outside of it.')),
    sizeRequirements: Type.Object(
      {
        minimum: integer('Smallest side, in pixels.'),
        multipleOf: integer('Sides are multiples of it, in pixels.'),
        fixed: optional(
          Type.Unsafe<readonly [number, number]>(
            Type.Array(Type.Integer(), {
              minItems: 2,
              maxItems: 2,
              description: 'The one size that it takes: width and height, in pixels.',
            }),
          ),
        ),
      } satisfies FieldsOf<ModelStatus['sizeRequirements']>,
      { description: 'Of its input.' },
    ),
    overlapPx: integer('Input pixels that neighbouring tiles share by default.'),
    microsecondsPerPixel: Type.Unsafe<ModelStatus['microsecondsPerPixel']>(
      Type.Record(Type.String(), Type.Number(), {
        description:
          'Microseconds for each input pixel, measured while working, by provider; `none` for Lanczos.',
      }),
    ),
    ...modelState,
  } satisfies FieldsOf<ModelStatus>),
);

const ProviderSchema = named(
  'Provider',
  'What networks may run on: a processor, or a device.',
  Type.Object({
    provider: oneOf(PROVIDERS, 'Its name in ONNX Runtime, in short.'),
    usable: flag('Whether networks run on it here.'),
    detail: text('How that was proven, or why not.'),
  } satisfies FieldsOf<ProviderStatus>),
);

/** The answer to `GET /models`. */
export const ModelListSchema = named(
  'ModelList',
  'All models and providers.',
  Type.Object({
    models: listOf(refTo(ModelSchema), 'All of the manifest, those of the chain with their place.'),
    providers: listOf(refTo(ProviderSchema), 'What networks may run on.'),
  }),
);

const EngineProcess = Type.Object({
  pid: integer('Process number.'),
  state: oneOf(['starting', 'ready', 'stopping'], 'Of this process.'),
  jobs: integer('Jobs that it has.'),
  rssBytes: decimal('Resident memory, in bytes.'),
} satisfies FieldsOf<EngineStatus['engines'][number]>);

const EngineState = Type.Object(
  {
    state: oneOf(
      ['starting', 'ready', 'degraded', 'down', 'stopping'],
      '`degraded`: fewer processes than there should be; `down`: none, the next start is awaited.',
    ),
    processes: listOf(EngineProcess, 'The processes that compute.'),
    threadsPerEngine: integer('Threads that compute in each process.'),
    restarts: integer('Processes that were started anew since the start.'),
  },
  { description: 'What computes.' },
);

const Queue = Type.Object(
  {
    running: integer('Jobs at work.'),
    queued: integer('Jobs that wait.'),
    uploading: integer('Requests whose upload is coming in.'),
    kept: integer('Jobs of `/jobs` that are known, in whatever state.'),
    maxRunning: integer('Most jobs at work.'),
    maxQueued: integer('Most jobs that may wait.'),
    backlogSeconds: decimal('Seconds until what is there now will be done, by measured speed.'),
    diskBytes: decimal('Disk that jobs take, in bytes.'),
  } satisfies FieldsOf<QueueStatus>,
  { description: 'The work that is there.' },
);

const Download = Type.Object({
  model: text('The model that is fetched.'),
  state: oneOf(['waiting', 'downloading', 'arrived', 'failed'], 'How far it is.'),
  receivedBytes: integer('Bytes that are here.'),
  totalBytes: integer('Bytes in all.'),
  detail: optional(text('Why it failed.')),
} satisfies FieldsOf<DownloadStatus>);

/** The answer to `GET /health`. */
export const HealthSchema = named(
  'Health',
  'The state of the service in full.',
  Type.Object({
    status: oneOf(
      ['ok', 'degraded', 'starting', 'stopping', 'down', 'no_storage'],
      '`degraded`: it serves, but an engine process or an installed model does not work; `no_storage`: the folder of the jobs cannot be written; the log says why.',
    ),
    realesrgan_available: flag('Whether a Real-ESRGAN model, not only the embedded network, can serve now.'),
    version: text('Of Tessera.'),
    uptimeSeconds: decimal('Seconds since the start of the server process.'),
    engine: EngineState,
    headers: Type.Object(
      { state: oneOf(['starting', 'ready', 'down'], '`down`: none starts.') },
      { description: 'The processes that read the headers of uploads.' },
    ),
    queue: Queue,
    models: listOf(
      Type.Object({ name: text('As in `GET /models`, which tells more.'), ...modelState }),
      'All models of the manifest.',
    ),
    providers: listOf(refTo(ProviderSchema), 'What networks may run on.'),
    downloads: listOf(Download, 'Models that come in the background since the start.'),
  }),
);

export type Health = Static<typeof HealthSchema>;

/** The answer of the probes. */
export const ProbeSchema = named(
  'Probe',
  'The state of the service in a word.',
  Type.Object({
    status: oneOf(
      ['ok', 'starting', 'stopping', 'down', 'no_storage'],
      '`ok`, or what is in the way, as in `GET /health`.',
    ),
  }),
);
