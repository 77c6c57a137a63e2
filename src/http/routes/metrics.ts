import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../observe/metrics.js';
import { SCRAPED } from '../route-policy.js';
import { REQUEST_ID } from '../schemas/headers.js';
import { problemResponses } from '../schemas/problem.js';

/** `GET /metrics`, for Prometheus. */
export function registerMetrics(app: FastifyInstance, metrics: Metrics): void {
  app.get('/metrics', {
    config: SCRAPED,
    schema: {
      tags: ['service'],
      operationId: 'getMetrics',
      summary: 'Metrics in the text format of Prometheus',
      response: {
        200: {
          description: 'Requests, durations, queue, tiles, pixels, speed, fallbacks, restarts, memory.',
          headers: REQUEST_ID,
          content: { 'text/plain': { schema: { type: 'string' } } },
        },
        ...problemResponses('unauthorized', 'rate_limited'),
      },
    },
    handler: async (_request, reply) =>
      reply
        .type(metrics.registry.contentType)
        .header('cache-control', 'no-store')
        .send(await metrics.registry.metrics()),
  });
}
