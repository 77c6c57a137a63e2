import type { IncomingMessage } from 'node:http';

/**
 * A body without Content-Type is taken for bytes of any kind, as RFC 9110, 8.3 allows: the image itself. `fetch` sends none
 * with a `Uint8Array`. An empty one says no more than none.
 */
export function typeUntypedBody({ headers }: IncomingMessage): void {
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  if (hasBody && (headers['content-type'] ?? '').trim() === '')
    headers['content-type'] = 'application/octet-stream';
}
