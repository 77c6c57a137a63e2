import type { IncomingMessage } from 'node:http';

/**
 * Takes a body without a Content-Type, or with an empty one, as bytes of any kind (RFC 9110, 8.3): the image itself. `fetch` sends
 * no Content-Type with a `Uint8Array`.
 */
export function typeUntypedBody({ headers }: IncomingMessage): void {
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  if (hasBody && (headers['content-type'] ?? '').trim() === '')
    headers['content-type'] = 'application/octet-stream';
}
