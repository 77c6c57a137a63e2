import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import type { EngineStatus } from '../../engine/engine.js';
import { packageVersion } from '../../host/package-root.js';
import type { HttpContext } from '../context.js';
import { jsonAnswer } from '../named-schema.js';
import { PROBE } from '../route-policy.js';
import { REQUEST_ID } from '../schemas/headers.js';
import { problemResponses } from '../schemas/problem.js';
import { HealthSchema, ProbeSchema } from '../schemas/status.js';

type Health = 'ok' | 'degraded' | 'starting' | 'stopping' | 'down' | 'no_storage';

/**
 * `GET /health` for people and dashboards (always 200), `/health/live` for "restart me", `/health/ready` for "send me
 * requests".
 */
export function registerHealth(
  app: FastifyInstance,
  { engine, jobs, lifecycle, downloads, headers }: HttpContext,
): void {
  const probes = app.withTypeProvider<TypeBoxTypeProvider>();
  const health = async (status: EngineStatus): Promise<Health> => {
    if (lifecycle.stopping) return 'stopping';
    if (status.state !== 'ready' && status.state !== 'degraded') return status.state;
    if (headers.state !== 'ready') return headers.state;
    if ((await jobs.storageFault()) !== undefined) return 'no_storage';
    if (status.state === 'degraded') return 'degraded';
    // A damaged file or a lost provider makes answers worse than planned.
    return status.models.some(({ installed, unavailable }) => installed && unavailable !== undefined)
      ? 'degraded'
      : 'ok';
  };

  probes.get('/health', {
    config: PROBE,
    schema: {
      tags: ['service'],
      operationId: 'getHealth',
      summary: 'State of the service in full',
      response: {
        200: jsonAnswer('Always, as long as the server answers.', HealthSchema, REQUEST_ID),
        ...problemResponses(),
      },
    },
    handler: async (_request, reply) => {
      const status = engine.status();
      return reply.header('cache-control', 'no-store').send({
        status: await health(status),
        realesrgan_available: status.models.some(
          ({ family, installed, unavailable }) =>
            family === 'real-esrgan' && installed && unavailable === undefined,
        ),
        version: packageVersion(),
        uptimeSeconds: Math.round(process.uptime()),
        engine: {
          state: status.state,
          processes: status.engines,
          threadsPerEngine: status.threadsPerEngine,
          restarts: status.restarts,
        },
        headers: { state: headers.state },
        queue: jobs.status(),
        models: status.models,
        providers: status.providers,
        downloads: downloads(),
      });
    },
  });

  probes.get('/health/live', {
    config: PROBE,
    schema: {
      tags: ['service'],
      operationId: 'getLiveness',
      summary: 'Liveness: the server process answers',
      response: {
        200: jsonAnswer('It does.', ProbeSchema, REQUEST_ID),
        ...problemResponses(),
      },
    },
    handler: (_request, reply) => {
      reply.header('cache-control', 'no-store').send({ status: 'ok' });
    },
  });

  probes.get('/health/ready', {
    config: PROBE,
    schema: {
      tags: ['service'],
      operationId: 'getReadiness',
      summary: 'Readiness: requests are welcome',
      response: {
        200: jsonAnswer('An engine is ready, and headers can be read.', ProbeSchema, REQUEST_ID),
        ...problemResponses(),
        503: jsonAnswer(
          'Starting, stopping, without an engine, unable to read headers, or unable to write the folder of the jobs.',
          ProbeSchema,
          REQUEST_ID,
        ),
      },
    },
    handler: async (_request, reply) => {
      const status = await health(engine.status());
      const ready = status === 'ok' || status === 'degraded';
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ status: ready ? 'ok' : status });
    },
  });
}
