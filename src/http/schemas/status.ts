import { Type } from 'typebox';
import {
  FAMILIES,
  type ModelStatus,
  PROVIDERS,
  type ProviderStatus,
  PURPOSES,
  type Purpose,
} from '../../domain/types.js';
import type { QueueStatus } from '../../jobs/job.js';
import type { DownloadStatus } from '../../models/download/background-download.js';
import { listOf, named, oneOf, refTo, schemaOf } from '../named-schema.js';

const Microseconds = Type.Unsafe<ModelStatus['microsecondsPerPixel']>(
  Type.Record(Type.String(), Type.Number(), {
    description:
      'Microseconds for each input pixel, measured while working, by provider; `none` for Lanczos.',
  }),
);

const Provider = Type.Optional(
  oneOf(PROVIDERS, 'What it runs on, or would first be tried on; absent for Lanczos.'),
);

export const ModelSchema = named(
  'Model',
  'A model, and what it can do here.',
  schemaOf<ModelStatus>()(
    Type.Object({
      name: Type.String({ description: 'What the option `model` takes.' }),
      title: Type.String({ description: 'Its name for people.' }),
      purpose: Type.Optional(
        Type.String({ description: "What it is for; a user's own model may say nothing." }),
      ),
      family: oneOf(FAMILIES, 'The kind of network.'),
      scale: Type.Number({
        description: 'The scale it was trained for; other scales are resampled from it.',
      }),
      licence: Type.String({ description: 'Of its weights.' }),
      sha256: Type.Optional(
        Type.String({
          description: 'Of its file, which is compared with it when it is loaded; Lanczos has none.',
        }),
      ),
      installed: Type.Boolean({ description: 'Whether its file is there.' }),
      confirmed: Type.Boolean({ description: 'Two independent sources agree on its hash.' }),
      chainPosition: Type.Optional(
        Type.Integer({ description: 'Place in the fallback chain, from 1; absent outside of the chain.' }),
      ),
      servesBits: Type.Unsafe<ModelStatus['servesBits']>(
        Type.Array(Type.Integer(), {
          description:
            'Bits of a sample in the images that it can serve here now, itself or by a twin in another precision.',
        }),
      ),
      sizeRequirements: Type.Object(
        {
          minimum: Type.Integer({ description: 'Smallest side, in pixels.' }),
          multipleOf: Type.Integer({ description: 'Sides are multiples of it, in pixels.' }),
          fixed: Type.Optional(
            Type.Unsafe<readonly [number, number]>(
              Type.Array(Type.Integer(), {
                minItems: 2,
                maxItems: 2,
                description: 'The one size that it takes: width and height, in pixels.',
              }),
            ),
          ),
        },
        { description: 'Of its input.' },
      ),
      overlapPx: Type.Integer({ description: 'Input pixels that neighbouring tiles share by default.' }),
      loaded: Type.Boolean({ description: 'Whether an engine has it in memory.' }),
      provider: Provider,
      microsecondsPerPixel: Microseconds,
      unavailable: Type.Optional(Type.String({ description: 'Why it cannot serve now.' })),
    }),
  ),
);

export const ProviderSchema = named(
  'Provider',
  'What networks may run on: a processor, or a device.',
  schemaOf<ProviderStatus>()(
    Type.Object({
      provider: oneOf(PROVIDERS, 'Its name in ONNX Runtime, in short.'),
      usable: Type.Boolean({ description: 'Whether networks run on it here.' }),
      detail: Type.String({ description: 'How that was proven, or why not.' }),
    }),
  ),
);

const Purposes = Type.Unsafe<Readonly<Record<Purpose, string>>>(
  Type.Object(
    Object.fromEntries(
      PURPOSES.map((purpose) => [purpose, Type.String({ description: 'Name of a model.' })]),
    ),
    { description: 'The model that each purpose, a value of the option `model`, means here now.' },
  ),
);

export const ModelListSchema = named(
  'ModelList',
  'All models and providers.',
  Type.Object({
    models: listOf(refTo(ModelSchema), {
      description: 'All of the manifest, those of the chain with their place.',
    }),
    purposes: Purposes,
    providers: listOf(refTo(ProviderSchema), { description: 'What networks may run on.' }),
  }),
);

const EngineState = Type.Object(
  {
    state: oneOf(
      ['starting', 'ready', 'degraded', 'down', 'stopping'],
      '`degraded`: fewer processes than there should be; `down`: none, the next start is awaited.',
    ),
    processes: listOf(
      Type.Object({
        pid: Type.Integer({ description: 'Process number.' }),
        state: oneOf(['starting', 'ready', 'stopping'], 'Of this process.'),
        jobs: Type.Integer({ description: 'Jobs that it has.' }),
        rssBytes: Type.Number({ description: 'Resident memory, in bytes.' }),
      }),
      { description: 'The processes that compute.' },
    ),
    threadsPerEngine: Type.Integer({ description: 'Threads that compute in each process.' }),
    restarts: Type.Integer({ description: 'Processes that were started anew since the start.' }),
  },
  { description: 'What computes.' },
);

const Queue = schemaOf<QueueStatus>()(
  Type.Object(
    {
      running: Type.Integer({ description: 'Jobs at work.' }),
      queued: Type.Integer({ description: 'Jobs that wait.' }),
      uploading: Type.Integer({ description: 'Requests whose upload is coming in.' }),
      kept: Type.Integer({ description: 'Jobs of `/jobs` that are known, in whatever state.' }),
      maxRunning: Type.Integer({ description: 'Most jobs at work.' }),
      maxQueued: Type.Integer({ description: 'Most jobs that may wait.' }),
      backlogSeconds: Type.Number({
        description: 'Seconds until what is there now will be done, by measured speed.',
      }),
      diskBytes: Type.Number({ description: 'Disk that jobs take, in bytes.' }),
    },
    { description: 'The work that is there.' },
  ),
);

export const HealthSchema = named(
  'Health',
  'The state of the service in full.',
  Type.Object({
    status: oneOf(
      ['ok', 'degraded', 'starting', 'stopping', 'down', 'no_storage'],
      '`degraded`: it serves, but an engine process or an installed model does not work; `no_storage`: the folder of the jobs cannot be written; the log says why.',
    ),
    realesrgan_available: Type.Boolean({
      description: 'Whether a Real-ESRGAN model, not only the embedded network, can serve now.',
    }),
    version: Type.String({ description: 'Of Tessera.' }),
    uptimeSeconds: Type.Number({ description: 'Seconds since the start of the server process.' }),
    engine: EngineState,
    headers: Type.Object(
      { state: oneOf(['starting', 'ready', 'down'], '`down`: none starts.') },
      { description: 'The processes that read the headers of uploads.' },
    ),
    queue: Queue,
    models: listOf(
      Type.Object({
        name: Type.String({ description: 'As in `GET /models`, which tells more.' }),
        installed: Type.Boolean({ description: 'Whether its file is there.' }),
        loaded: Type.Boolean({ description: 'Whether an engine has it in memory.' }),
        provider: Provider,
        unavailable: Type.Optional(Type.String({ description: 'Why it cannot serve now.' })),
      }),
      { description: 'All models of the manifest.' },
    ),
    providers: listOf(refTo(ProviderSchema), { description: 'What networks may run on.' }),
    downloads: listOf(
      schemaOf<DownloadStatus>()(
        Type.Object({
          model: Type.String({ description: 'The model that is fetched.' }),
          state: oneOf(['waiting', 'downloading', 'arrived', 'failed'], 'How far it is.'),
          receivedBytes: Type.Integer({ description: 'Bytes that are here.' }),
          totalBytes: Type.Integer({ description: 'Bytes in all.' }),
          detail: Type.Optional(Type.String({ description: 'Why it failed.' })),
        }),
      ),
      { description: 'Models that come in the background since the start.' },
    ),
  }),
);

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
