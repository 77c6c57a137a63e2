import multipart from '@fastify/multipart';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { parseTrustProxy } from './config/trust-proxy.js';
import { TesseraError } from './domain/errors.js';
import { boundConnections, HEADERS_TIMEOUT_MS, LATE_CHECK_MS } from './http/connection/bound-connections.js';
import { checkHost } from './http/connection/check-host.js';
import { closeConnectionsWhenDone } from './http/connection/close-connections.js';
import { awaitsContinue, checkExpectation, holdBackContinue } from './http/connection/expect-continue.js';
import { drainFirst, linger } from './http/connection/linger.js';
import type { HttpContext } from './http/context.js';
import { refuseTunnels, replyToClientError } from './http/errors/client-error.js';
import { replyWithProblem } from './http/errors/error-handler.js';
import { KnownPaths } from './http/known-paths.js';
import { Metrics } from './http/observe/metrics.js';
import { requestId } from './http/observe/request-id.js';
import { recordAtEnd } from './http/observe/request-log.js';
import { addProtection } from './http/protection.js';
import { registerDocs, registerOpenApi } from './http/routes/docs.js';
import { registerHealth } from './http/routes/health.js';
import { registerJobs } from './http/routes/jobs.js';
import { registerMetrics } from './http/routes/metrics.js';
import { registerModels } from './http/routes/models.js';
import { registerPage } from './http/routes/page.js';
import { registerUpscale } from './http/routes/upscale.js';
import { typeUntypedBody } from './http/upload/untyped-body.js';
import { UploadPlaces } from './http/upload/upload-places.js';

/** Time after the upload's limit at which a request that still arrives is cut off. */
const REQUEST_GRACE_MS = 30_000;

/** Builds the Fastify app from finished services. It needs no socket before it listens. */
export async function buildApp(context: HttpContext): Promise<FastifyInstance> {
  const { config } = context;
  const metrics = new Metrics(context.engine, context.jobs);
  const app: FastifyInstance = Fastify({
    loggerInstance: context.log,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    frameworkErrors: replyWithProblem,
    genReqId: requestId,
    requestIdHeader: false,
    trustProxy: parseTrustProxy(config.TRUST_PROXY),
    requestTimeout: config.UPLOAD_TIMEOUT_SECONDS * 1000 + REQUEST_GRACE_MS,
    // While the service stops, requests on open connections still reach their routes.
    return503OnClosing: false,
    clientErrorHandler: replyToClientError,
    // `checkHost` refuses it, with a body.
    http: {
      requireHostHeader: false,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: LATE_CHECK_MS,
    },
  });
  boundConnections(app, config.MAX_CONNECTIONS);
  holdBackContinue(app);
  refuseTunnels(app);
  closeConnectionsWhenDone(app);
  app.setErrorHandler(replyWithProblem);
  const paths = new KnownPaths(app);
  addHooks(app, paths, metrics, context.lifecycle);
  await addProtection(app, config);

  app.removeAllContentTypeParsers();
  await app.register(multipart);
  // The route reads an image body as it streams.
  for (const type of [/^image\//, 'application/octet-stream']) {
    app.addContentTypeParser(type, (_request, _body, done) => done(null));
  }
  app.setNotFoundHandler((request) => {
    throw notFound(request, paths);
  });

  await registerOpenApi(app, config);
  const withUploads = { ...context, uploads: new UploadPlaces(config) };
  registerUpscale(app, withUploads, metrics);
  registerJobs(app, withUploads, metrics);
  registerModels(app, context);
  registerHealth(app, context);
  registerMetrics(app, metrics);
  await registerDocs(app);
  registerPage(app, config);
  return app;
}

function addHooks(
  app: FastifyInstance,
  paths: KnownPaths,
  metrics: Metrics,
  lifecycle: HttpContext['lifecycle'],
): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    recordAtEnd(request, reply, metrics);
    checkHost(request);
    checkExpectation(request);
    typeUntypedBody(request.raw);
    const preflight = request.headers['access-control-request-method'] !== undefined;
    if (request.method === 'OPTIONS' && !preflight) return replyWithAllow(request, reply, paths);
  });
  app.addHook('onSend', async (request, reply) => {
    const { raw } = request;
    const hasBody =
      raw.headers['content-length'] !== undefined || raw.headers['transfer-encoding'] !== undefined;
    if (!hasBody || raw.complete) {
      // A proxy reuses connections. None may carry a new request when it is closed.
      if (lifecycle.stopping) reply.header('connection', 'close');
      return;
    }
    // A client that waits for "100 Continue" has sent nothing and need not send the body.
    if (awaitsContinue(request)) reply.header('connection', 'close');
    else if (reply.raw.shouldKeepAlive) linger(raw);
    else await drainFirst(raw);
  });
}

function replyWithAllow(request: FastifyRequest, reply: FastifyReply, paths: KnownPaths): FastifyReply {
  const allow = paths.methodsOf(pathOf(request));
  if (allow.length === 0) throw notFound(request, paths);
  return reply.code(204).header('allow', allow.join(', ')).send();
}

function notFound(request: FastifyRequest, paths: KnownPaths): TesseraError {
  const allow = paths.methodsOf(pathOf(request));
  if (allow.length === 0) return new TesseraError('not_found', 'There is nothing at this path; see /docs.');
  return new TesseraError('method_not_allowed', `This path takes ${allow.join(', ')}.`, {
    details: { allow },
  });
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}
