import { defined } from '../../domain/defined.js';
import type { EngineStatus } from '../../engine/engine.js';
import { packageVersion } from '../../host/package-root.js';
import type { HttpContext, RouteApp } from '../context.js';
import { REQUEST_ID } from '../schemas/headers.js';
import { jsonAnswer } from '../schemas/named.js';
import { problemResponses } from '../schemas/problem.js';
import { type Health, HealthSchema, ProbeSchema } from '../schemas/status.js';

const POLICY = { public: true, rateLimited: false, quiet: true };

/**
 * `GET /health` for people and dashboards (always 200), `/health/live` for "restart me" and `/health/ready` for "send me
 * requests".
 */
export function registerHealth(
  app: RouteApp,
  { engine, jobs, lifecycle, downloads, headers }: HttpContext,
): void {
  const health = async ({ state, models }: EngineStatus): Promise<Health['status']> => {
    if (lifecycle.stopping) return 'stopping';
    if (state !== 'ready' && state !== 'degraded') return state;
    if (headers.state !== 'ready') return headers.state;
    if ((await jobs.storageFault()) !== undefined) return 'no_storage';
    // An installed model that cannot serve, for example a damaged file or a lost provider, makes the answers worse.
    const isBroken = models.some(({ installed, unavailable }) => installed && unavailable !== undefined);
    return state === 'degraded' || isBroken ? 'degraded' : 'ok';
  };

  app.get('/health', {
    config: POLICY,
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
      const { state, engines: processes, threadsPerEngine, restarts, models, providers } = status;
      return reply.header('cache-control', 'no-store').send({
        status: await health(status),
        realesrgan_available: models.some(
          ({ family, installed, unavailable }) =>
            family === 'real-esrgan' && installed && unavailable === undefined,
        ),
        version: packageVersion(),
        uptimeSeconds: Math.round(process.uptime()),
        engine: { state, processes, threadsPerEngine, restarts },
        headers: { state: headers.state },
        queue: jobs.status(),
        models: models.map(({ name, installed, loaded, provider, unavailable }) => ({
          name,
          installed,
          loaded,
          ...defined({ provider, unavailable }),
        })),
        providers,
        downloads: downloads(),
      });
    },
  });

  app.get('/health/live', {
    config: POLICY,
    schema: {
      tags: ['service'],
      operationId: 'getLiveness',
      summary: 'Liveness: the server process answers',
      response: { 200: jsonAnswer('It does.', ProbeSchema, REQUEST_ID), ...problemResponses() },
    },
    handler: (_request, reply) => {
      reply.header('cache-control', 'no-store').send({ status: 'ok' });
    },
  });

  app.get('/health/ready', {
    config: POLICY,
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
      const current = await health(engine.status());
      const status = current === 'degraded' ? 'ok' : current;
      return reply
        .code(status === 'ok' ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ status });
    },
  });
}
