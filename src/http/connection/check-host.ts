import type { FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';

/**
 * Every request of HTTP/1.1 names one host (RFC 9112, 3.2). Node refuses one that names none without a body, and of several takes
 * the first, where a proxy may have gone by another.
 * @throws TesseraError invalid_request.
 */
export function checkHost({ raw }: FastifyRequest): void {
  const hosts = raw.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts === 1 || (hosts === 0 && raw.httpVersion !== '1.1')) return;
  throw new TesseraError('invalid_request', 'The request needs one Host header.', {
    details: { parameter: 'Host', accepted: 'one' },
  });
}
