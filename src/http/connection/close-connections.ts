import { setImmediate as afterNextPoll } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

/** Time that a connection opened before the close has to deliver its first request, which may be on its way from a proxy. */
export const REQUESTS_ON_THEIR_WAY_MS = 500;

/**
 * Makes `app.close()` wait for the requests that are being answered, and shortly for requests on new connections. It does not wait
 * for unused connections, which browsers open and keep until they time out.
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
    // The system accepts connections before the process does, and resets those when the listener closes. The event loop
    // first accepts the ones that wait.
    await afterNextPoll();
  });
}
