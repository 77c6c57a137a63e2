import { Type } from 'typebox';
import { PROVIDERS } from '../../types.js';
import { named, refTo } from './named.js';

const Microseconds = Type.Record(Type.String(), Type.Number(), {
  description: 'Measured while working, per input pixel, by provider.',
});

/** A model as `GET /models` tells of it. */
export const ModelSchema = named(
  'Model',
  Type.Object({
    name: Type.String({ description: 'What the option `model` takes.' }),
    title: Type.String(),
    purpose: Type.Optional(
      Type.String({ description: "What it is for; a user's own model may say nothing." }),
    ),
    family: Type.String(),
    scale: Type.Number({ description: 'The scale it was trained for; other scales are resampled from it.' }),
    licence: Type.String(),
    sha256: Type.Optional(
      Type.String({
        description: 'Of its file, which is compared with it when it is loaded; Lanczos has none.',
      }),
    ),
    installed: Type.Boolean(),
    confirmed: Type.Boolean({ description: 'Two independent sources agree on its hash.' }),
    chainPosition: Type.Optional(Type.Integer({ description: 'Place in the chain, from 0.' })),
    sizeRequirements: Type.Object({
      minimum: Type.Integer(),
      multipleOf: Type.Integer(),
      fixed: Type.Optional(Type.Array(Type.Integer(), { minItems: 2, maxItems: 2 })),
    }),
    overlapPx: Type.Integer(),
    loaded: Type.Boolean(),
    provider: Type.Optional(Type.Enum([...PROVIDERS])),
    microsecondsPerPixel: Microseconds,
    unavailable: Type.Optional(Type.String({ description: 'Why it cannot serve now.' })),
  }),
);

/** What networks may run on. */
export const ProviderSchema = named(
  'Provider',
  Type.Object({
    provider: Type.Enum([...PROVIDERS]),
    usable: Type.Boolean(),
    detail: Type.String({ description: 'How that was proven, or why not.' }),
  }),
);

/** What `GET /models` answers. */
export const ModelListSchema = named(
  'ModelList',
  Type.Object({
    models: Type.Array(refTo(ModelSchema)),
    providers: Type.Array(refTo(ProviderSchema)),
  }),
);

/** What `GET /health` answers. */
export const HealthSchema = named(
  'Health',
  Type.Object({
    status: Type.Enum(['ok', 'degraded', 'starting', 'stopping', 'down', 'no_storage'], {
      description: '`no_storage`: the folder of the jobs cannot be written; the log says why.',
    }),
    realesrgan_available: Type.Boolean({
      description: 'Whether a Real-ESRGAN model, not only the embedded network, can serve now.',
    }),
    version: Type.String(),
    uptimeSeconds: Type.Number(),
    engine: Type.Object({
      state: Type.Enum(['starting', 'ready', 'degraded', 'down', 'stopping']),
      processes: Type.Array(
        Type.Object({
          pid: Type.Integer(),
          state: Type.Enum(['starting', 'ready', 'stopping']),
          jobs: Type.Integer(),
          rssBytes: Type.Number(),
        }),
      ),
      threadsPerEngine: Type.Integer(),
      restarts: Type.Integer(),
    }),
    headers: Type.Object(
      { state: Type.Enum(['starting', 'ready', 'down']) },
      { description: 'The processes that read the headers of uploads.' },
    ),
    queue: Type.Object({
      running: Type.Integer(),
      queued: Type.Integer(),
      uploading: Type.Integer(),
      kept: Type.Integer(),
      maxRunning: Type.Integer(),
      maxQueued: Type.Integer(),
      backlogSeconds: Type.Number(),
      diskBytes: Type.Number(),
    }),
    models: Type.Array(
      Type.Object({
        name: Type.String(),
        installed: Type.Boolean(),
        loaded: Type.Boolean(),
        provider: Type.Optional(Type.Enum([...PROVIDERS])),
        unavailable: Type.Optional(Type.String()),
      }),
    ),
    providers: Type.Array(refTo(ProviderSchema)),
    downloads: Type.Array(
      Type.Object({
        model: Type.String(),
        state: Type.Enum(['waiting', 'downloading', 'arrived', 'failed']),
        receivedBytes: Type.Integer(),
        totalBytes: Type.Integer(),
        detail: Type.Optional(Type.String()),
      }),
      { description: 'Models that come in the background since the start.' },
    ),
  }),
);

/** What the probes answer. */
export const ProbeSchema = named(
  'Probe',
  Type.Object({
    status: Type.Enum(['ok', 'starting', 'stopping', 'down', 'no_storage']),
  }),
);
