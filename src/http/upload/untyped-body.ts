import type { IncomingMessage } from 'node:http';

/**
 * A body without Content-Type counts as `application/octet-stream` (RFC 9110, 8.3): the image itself. `fetch` sends
 * no type with a `Uint8Array`. An empty type counts as none.
 */
export function typeUntypedBody({ headers }: IncomingMessage): void {
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  if (hasBody && (headers['content-type'] ?? '').trim() === '')
    headers['content-type'] = 'application/octet-stream';
}
