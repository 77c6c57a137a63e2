import type { FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';

/**
 * Refuses an HTTP/1.1 request that does not name exactly one host (RFC 9112, 3.2). Node answers a missing host
 * without a body. Of several it takes the first, where a proxy may have used another.
 * @throws TesseraError invalid_request.
 */
export function checkHost({ raw }: FastifyRequest): void {
  const hosts = raw.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts === 1 || (hosts === 0 && raw.httpVersion !== '1.1')) return;
  throw new TesseraError('invalid_request', 'The request needs one Host header.', {
    details: { parameter: 'Host', accepted: 'one' },
  });
}
