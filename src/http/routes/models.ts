import type { HttpContext, RouteApp } from '../context.js';
import { REQUEST_ID } from '../schemas/headers.js';
import { jsonAnswer } from '../schemas/named.js';
import { problemResponses } from '../schemas/problem.js';
import { ModelListSchema } from '../schemas/status.js';

/** `GET /models`: the models and their abilities. */
export function registerModels(app: RouteApp, { engine }: HttpContext): void {
  app.get('/models', {
    schema: {
      tags: ['service'],
      operationId: 'listModels',
      summary: 'The models and the providers they run on',
      response: {
        200: jsonAnswer(
          'All models of the manifest, those of the chain with their place.',
          ModelListSchema,
          REQUEST_ID,
        ),
        ...problemResponses(['unauthorized', 'rate_limited']),
      },
    },
    handler: (_request, reply) => {
      const { models, providers } = engine.status();
      // `send` checks the answer for superfluous fields, `return` does not.
      reply.send({ models, providers });
    },
  });
}
