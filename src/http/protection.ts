import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Config } from '../config/config.js';
import { TesseraError } from '../domain/errors.js';
import { type KeyCheck, keyCheck } from './access/auth.js';
import { clientNetwork } from './access/client.js';
import { policyOf } from './route-policy.js';
import { UPSCALE_HEADERS } from './schemas/image.js';

/** Headers that CORS has to expose to scripts. */
const EXPOSED_HEADERS = [
  ...UPSCALE_HEADERS,
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Length',
  'Content-Range',
  'ETag',
  'Location',
  'Retry-After',
  'Server-Timing',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
];

/** Adds security headers, CORS, rate limit and API keys, in the order in which they see a request. Preflights end at CORS. */
export async function addProtection(app: FastifyInstance, config: Config): Promise<void> {
  await addSecurityHeaders(app);
  await app.register(cors, {
    origin: config.CORS_ORIGINS.includes('*') ? '*' : [...config.CORS_ORIGINS],
    methods: ['GET', 'HEAD', 'POST', 'DELETE'],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 7200,
    strictPreflight: false,
  });
  const checkKey = keyCheck(config.API_KEYS);
  const checkAccess: KeyCheck = (request) => {
    if (!policyOf(request).isPublic) checkKey(request);
  };
  if (config.RATE_LIMIT_MAX > 0) await addRateLimit(app, config, checkAccess);
  app.addHook('onRequest', async (request) => checkAccess(request));
}

async function addSecurityHeaders(app: FastifyInstance): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    xFrameOptions: { action: 'deny' },
    // Pages of other origins may show the images, within CORS_ORIGINS.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    // The service speaks plain HTTP, where these headers only cause warnings. A proxy with TLS adds them.
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    strictTransportSecurity: false,
  });
}

async function addRateLimit(app: FastifyInstance, config: Config, checkAccess: KeyCheck): Promise<void> {
  const windowSeconds = config.RATE_LIMIT_WINDOW_SECONDS;
  await app.register(rateLimit, {
    global: false,
    max: config.RATE_LIMIT_MAX,
    timeWindow: windowSeconds * 1000,
    keyGenerator: ({ ip }) => clientNetwork(ip),
    allowList: (request) => policyOf(request).isUncounted === true && passes(checkAccess, request),
    errorResponseBuilder: (_request, { max, ttl }) =>
      new TesseraError('rate_limited', 'Too many requests; come back later.', {
        details: {
          accepted: `at most ${max} requests in ${windowSeconds} seconds`,
          retryAfterSeconds: ttl / 1000,
        },
      }),
  });
  app.addHook('onRequest', app.rateLimit());
}

function passes(check: KeyCheck, request: FastifyRequest): boolean {
  try {
    check(request);
    return true;
  } catch {
    return false;
  }
}
