import type { FastifyReply, FastifyRequest } from 'fastify';
import { OPTION_NAMES } from '../../options/option-table.js';
import { shorten } from '../../options/parse-options.js';
import { policyOf } from '../route-policy.js';
import type { Metrics } from './metrics.js';

/** nginx's status for a client that left before the answer. */
const CLIENT_LEFT = 499;

/** Writes one log line and counts one request at the end of each exchange, however it ends. */
export function recordAtEnd(request: FastifyRequest, reply: FastifyReply, metrics: Metrics): void {
  const startedAt = performance.now();
  reply.raw.once('close', () => {
    // Not `writableFinished`: a client that closes right after the last byte is faster than the event that confirms
    // the write.
    const status = reply.raw.writableEnded ? reply.raw.statusCode : CLIENT_LEFT;
    const ms = performance.now() - startedAt;
    const route = request.is404 ? 'unknown' : (request.routeOptions.url ?? 'unknown');
    metrics.countRequest(request.method, route, status, ms / 1000);
    const level = policyOf(request).isQuiet ? 'debug' : 'info';
    request.log[level](
      { method: request.method, url: loggableUrl(request.url), ip: request.ip, status, ms: Math.round(ms) },
      'request',
    );
  });
}

/**
 * Path and query as they may be logged: values of known options, and only the names of other parameters, because keys
 * and signed addresses end up in queries.
 */
function loggableUrl(url: string): string {
  const [path = '', query] = url.split('?', 2);
  if (query === undefined) return shorten(path);
  const parameters = query.split('&').map((parameter) => {
    const [name = '', value] = parameter.split('=', 2);
    const open = (OPTION_NAMES as readonly string[]).includes(name);
    return value === undefined || open ? shorten(parameter) : `${shorten(name)}=[redacted]`;
  });
  return `${shorten(path)}?${parameters.slice(0, OPTION_NAMES.length).join('&')}`;
}
