import type { FastifyInstance } from 'fastify';

/**
 * Makes `app.close()` wait for the exchanges that are under way and for nothing else: connections that were opened and
 * never used (browsers do that) would hold it until their client gives up.
 */
export function closeConnectionsWhenDone(app: FastifyInstance): void {
  let underWay = 0;
  let closing = false;
  const closeWhenDone = () => {
    if (closing && underWay === 0) app.server.closeAllConnections();
  };
  app.addHook('onRequest', async (_request, reply) => {
    underWay += 1;
    reply.raw.once('close', () => {
      underWay -= 1;
      closeWhenDone();
    });
  });
  app.addHook('preClose', async () => {
    closing = true;
    closeWhenDone();
  });
}
