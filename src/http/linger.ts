import type { IncomingMessage } from 'node:http';

/** How much of a refused body is read and thrown away, so that a client that reads only after sending sees the answer. */
const MAX_BYTES = 64_000_000;
const MAX_MS = 10_000;

/**
 * Reads on after an early answer. Closing at once would reset the connection, and with it the answer that is on its way.
 * Past the limits the connection is cut.
 */
export function linger(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let bytes = 0;
  const timer = setTimeout(() => request.destroy(), MAX_MS);
  timer.unref();
  request.unpipe();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) request.destroy();
  });
  request.once('close', () => clearTimeout(timer));
  request.once('end', () => clearTimeout(timer));
  // The peer may reset the connection while it is being drained; there is nobody left to tell.
  request.on('error', () => undefined);
  request.resume();
}
