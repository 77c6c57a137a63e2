import type { IncomingMessage } from 'node:http';

/** How much of a refused body is read and thrown away, so that a client that reads only after sending sees the answer. */
const MAX_BYTES = 64_000_000;
const MAX_MS = 10_000;
/** The same where the answer has to wait for it. */
const MAX_WAIT_MS = 3000;

/**
 * Reads on after an early answer. Closing at once would reset the connection, and with it the answer that is on its way.
 * Past the limits the connection is cut.
 */
export function linger(request: IncomingMessage): void {
  void drain(request, MAX_MS).then((drained) => {
    if (!drained) request.destroy();
  });
}

/** Reads the rest before the answer: for connections that Node closes as soon as the answer is written. */
export async function drainFirst(request: IncomingMessage): Promise<void> {
  await drain(request, MAX_WAIT_MS);
}

/** @returns whether the body came to its end, or its connection did, within the limits. */
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
    // The peer may reset the connection while it is being drained; there is nobody left to tell.
    request.on('error', () => undefined);
    request.resume();
  });
}
