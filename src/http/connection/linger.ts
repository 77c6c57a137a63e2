import type { IncomingMessage } from 'node:http';

/** Bytes of a refused body that are read and discarded, so that a client which reads only after sending sees the answer. */
const MAX_BYTES = 64_000_000;
const MAX_MS = 10_000;
/** The same limit where the answer waits for the body. */
const MAX_WAIT_MS = 3000;

/**
 * Keeps reading the body after an early answer. Closing at once would reset the connection, and the client would lose
 * the answer. Beyond the limits the connection is cut.
 */
export function linger(request: IncomingMessage): void {
  void drain(request, MAX_MS).then((drained) => {
    if (!drained) request.destroy();
  });
}

/** Reads the rest of the body before the answer, for connections that Node closes as soon as the answer is written. */
export async function drainFirst(request: IncomingMessage): Promise<void> {
  await drain(request, MAX_WAIT_MS);
}

/** @returns whether the body or its connection ended within the limits. */
function drain(request: IncomingMessage, maxMs: number): Promise<boolean> {
  if (request.complete || request.destroyed) return Promise.resolve(true);
  return new Promise((resolve) => {
    let bytes = 0;
    const end = (drained: boolean) => {
      clearTimeout(timer);
      resolve(drained);
    };
    const timer = setTimeout(end, maxMs, false);
    timer.unref();
    request.unpipe();
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) end(false);
    });
    request.once('close', () => end(true));
    request.once('end', () => end(true));
    // The peer may reset the connection meanwhile. Nobody is left to tell.
    request.on('error', () => undefined);
    request.resume();
  });
}
