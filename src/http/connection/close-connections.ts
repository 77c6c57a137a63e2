import { setImmediate as afterNextPoll } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** Time that a new connection has for its first request once the server closes. A proxy sends the request in the first packets. */
export const REQUESTS_ON_THEIR_WAY_MS = 500;

/**
 * Makes `app.close()` wait for exchanges in progress, and briefly for requests on connections that were just opened.
 * It does not wait for other connections: browsers open connections that they never use, and would keep the server
 * open.
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
    // When the listener closes, the system resets connections that it has accepted and the process has not, even if
    // they hold requests. So the listener closes right after the event loop has taken the waiting connections.
    await afterNextPoll();
  });
}
