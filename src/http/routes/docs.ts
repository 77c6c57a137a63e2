import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../../config/config.js';
import { packageVersion } from '../../host/package-root.js';
import { DOCUMENT, withPolicy } from '../route-policy.js';
import { NAMED_SCHEMAS } from '../schemas/all.js';
import { withRateLimitHeaders } from '../schemas/rate-limit.js';

/** The page of `/docs` loads only own files; its styles are inline and its icons are data URLs. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; " +
  "font-src 'self'; media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** How a client may present one of `API_KEYS`. */
const KEY_SCHEMES = {
  key: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'One of the keys of the service.' },
  bearer: { type: 'http', scheme: 'bearer', description: 'The same key as a bearer token.' },
} as const;

/** The server by its path alone, because a proxy gives it another name and scheme. */
const SERVER = { description: 'The service that this document comes from.' };

/** Adds all routes that are registered after it to the OpenAPI document. */
export async function registerOpenApi(
  app: FastifyInstance,
  config: Pick<Config, 'API_KEYS' | 'RATE_LIMIT_MAX'>,
): Promise<void> {
  const needsKey = config.API_KEYS.length > 0;
  for (const schema of NAMED_SCHEMAS) app.addSchema(schema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tessera',
        version: packageVersion(),
        description:
          'Send an image, get it back larger, through a neural network. Every error is a problem document (RFC 9457) with a stable `code`.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      tags: [
        { name: 'upscale', description: 'One image in one exchange.' },
        { name: 'jobs', description: 'Long work with a handle: progress, result, cancel.' },
        { name: 'service', description: 'What serves, and how it is.' },
      ],
      servers: [{ ...SERVER, url: '/' }],
      ...(needsKey ? { components: { securitySchemes: KEY_SCHEMES } } : {}),
      // Without API_KEYS no route needs a key, so none has a lock.
      security: needsKey ? Object.keys(KEY_SCHEMES).map((scheme) => ({ [scheme]: [] })) : [],
    },
    transform: ({ schema, url, route }) => {
      const counted = config.RATE_LIMIT_MAX > 0 ? withRateLimitHeaders(schema) : schema;
      return { schema: route.config?.isPublic ? { ...counted, security: [] } : counted, url };
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) => String(schema.$id ?? `def-${index}`),
    },
  });
}

/**
 * Paths at which other services have the page of their API. The redirects are relative, so that they work under a
 * proxy's prefix.
 */
const ELSEWHERE = { '/redoc': 'docs', '/redoc/': '../docs' };

/** Registers `/openapi.json` and the page at `/docs`, which has a form to try every route. */
export async function registerDocs(app: FastifyInstance): Promise<void> {
  await app.register(async (scope) => {
    withPolicy(scope, DOCUMENT);
    await registerPublicDocs(scope);
  });
}

async function registerPublicDocs(app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', { schema: { hide: true }, handler: () => app.swagger() });
  for (const [path, target] of Object.entries(ELSEWHERE)) {
    app.get(path, { schema: { hide: true }, handler: (_request, reply) => reply.redirect(target) });
  }
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_CSP,
    uiHooks: {
      // Without the slash the page would look for its files at the root of the host, which under a prefix belongs to
      // another service.
      onRequest: (request, reply, next) => {
        if (/^\/docs(\?|$)/.test(request.url)) reply.redirect('docs/');
        else next();
      },
    },
    // Requests of the page go to the service that served the page, under a prefix too.
    transformSpecification: (document) => ({ ...document, servers: [{ ...SERVER, url: '../' }] }),
    theme: {
      title: 'Tessera API',
      css: [{ filename: 'tessera.css', content: '.swagger-ui .topbar { display: none }' }],
    },
    uiConfig: { deepLinking: true, tryItOutEnabled: true, displayRequestDuration: true },
  });
}
