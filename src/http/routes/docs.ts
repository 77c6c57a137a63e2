import swagger from '@fastify/swagger';
import swaggerUi, { type FastifySwaggerUiOptions } from '@fastify/swagger-ui';
import type { Config } from '../../config/config.js';
import { packageVersion } from '../../host/package-root.js';
import type { RouteApp } from '../context.js';
import { withRateLimitHeaders } from '../schemas/headers.js';
import { NAMED_SCHEMAS } from '../schemas/named.js';

/** The page of `/docs` loads own files only; its styles are inline and its icons are `data:` URLs. */
const DOCS_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; " +
  "font-src 'self'; media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The two ways to send one of `API_KEYS`. */
const KEY_SCHEMES = {
  key: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'One of the keys of the service.' },
  bearer: { type: 'http', scheme: 'bearer', description: 'The same key as a bearer token.' },
} as const;

/** The URL of the server has only a path, since a proxy changes host and scheme. */
const SERVER = { description: 'The service that this document comes from.' };

/** Collects the routes that are registered after this call into the OpenAPI document. */
export async function registerOpenApi(
  app: RouteApp,
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
      // Without API_KEYS no route needs a key.
      security: needsKey ? Object.keys(KEY_SCHEMES).map((scheme) => ({ [scheme]: [] })) : [],
    },
    transform: ({ schema, url, route }) => {
      const counted = config.RATE_LIMIT_MAX > 0 ? withRateLimitHeaders(schema) : schema;
      return { schema: route.config?.public ? { ...counted, security: [] } : counted, url };
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) => String(schema.$id ?? `def-${index}`),
    },
  });
}

/** The usual paths of API pages in other services. The redirects are relative, so that they work behind a path prefix. */
const REDIRECTS = { '/redoc': 'docs', '/redoc/': '../docs' };

const SWAGGER_UI: FastifySwaggerUiOptions = {
  routePrefix: '/docs',
  staticCSP: DOCS_CSP,
  uiHooks: {
    // Without the slash the page would load its files from the root of the host, which behind a path prefix is another service.
    onRequest: (request, reply, next) => {
      if (/^\/docs(\?|$)/.test(request.url)) reply.redirect('docs/');
      else next();
    },
  },
  // The page sends its requests to the service that served the page, behind a path prefix too.
  transformSpecification: (document) => ({ ...document, servers: [{ ...SERVER, url: '../' }] }),
  theme: {
    title: 'Tessera API',
    css: [{ filename: 'tessera.css', content: '.swagger-ui .topbar { display: none }' }],
  },
  uiConfig: { deepLinking: true, tryItOutEnabled: true, displayRequestDuration: true },
};

/** `/openapi.json` and the page at `/docs` that shows it, with a form to try every route. */
export async function registerDocs(app: RouteApp): Promise<void> {
  const options = { config: { public: true }, schema: { hide: true } };
  app.get('/openapi.json', { ...options, handler: () => app.swagger() });
  for (const [path, target] of Object.entries(REDIRECTS))
    app.get(path, { ...options, handler: (_request, reply) => reply.redirect(target) });
  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, public: true };
    });
    await docs.register(swaggerUi, SWAGGER_UI);
  });
}
