import type { IncomingMessage } from 'node:http';

/** Limits of what is read from a refused body and discarded, for clients that read the answer only after sending. */
const MAX_BYTES = 64_000_000;
const MAX_MS = 10_000;
/** The time limit when the answer waits for the body. */
const MAX_WAIT_MS = 3000;

/**
 * Discards the rest of the body after an early answer (lingering close). Closing at once would reset the connection before the
 * client has the answer. Past the limits the connection is closed.
 */
export function linger(request: IncomingMessage): void {
  void drain(request, MAX_MS).then((drained) => {
    if (!drained) request.destroy();
  });
}

/** Discards the rest of the body before the answer, for connections that Node closes right after it. */
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
    // The client may reset the connection meanwhile; then no answer is possible.
    request.on('error', () => undefined);
    request.resume();
  });
}
