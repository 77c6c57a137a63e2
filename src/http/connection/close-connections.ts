import { setImmediate as afterNextPoll } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** How long a connection that was opened before the end may take to bring its first request: a proxy's is in its packets. */
export const REQUESTS_ON_THEIR_WAY_MS = 500;

/**
 * Makes `app.close()` wait for the exchanges that are under way, and shortly for requests that connections were just opened for,
 * but for nothing else: connections that were opened and never used (browsers do that) would hold it until their client gives up.
 */
export function closeConnectionsWhenDone(
  app: FastifyInstance,
  onTheirWayMs: number = REQUESTS_ON_THEIR_WAY_MS,
): void {
  let underWay = 0;
  let late = false;
  const closeWhenDone = () => {
    if (late && underWay === 0) app.server.closeAllConnections();
  };
  app.addHook('onRequest', async (_request, reply) => {
    underWay += 1;
    reply.raw.once('close', () => {
      underWay -= 1;
      closeWhenDone();
    });
  });
  app.addHook('preClose', async () => {
    const timer = setTimeout(() => {
      late = true;
      closeWhenDone();
    }, onTheirWayMs);
    app.server.once('close', () => clearTimeout(timer));
    // The system resets connections that it has taken and the process has not, though their requests may be in them: so the listener is
    // closed right after the event loop has taken those that were waiting.
    await afterNextPoll();
  });
}
