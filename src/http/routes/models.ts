import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { modelsByPurpose } from '../../options/purposes.js';
import type { HttpContext } from '../context.js';
import { jsonAnswer } from '../named-schema.js';
import { REQUEST_ID } from '../schemas/headers.js';
import { problemResponses } from '../schemas/problem.js';
import { ModelListSchema } from '../schemas/status.js';

/** `GET /models`: the models and their state. */
export function registerModels(app: FastifyInstance, { engine }: HttpContext): void {
  app.withTypeProvider<TypeBoxTypeProvider>().get('/models', {
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
        ...problemResponses('unauthorized', 'rate_limited'),
      },
    },
    handler: () => {
      const { models, providers } = engine.status();
      return { models, purposes: modelsByPurpose(models), providers };
    },
  });
}
