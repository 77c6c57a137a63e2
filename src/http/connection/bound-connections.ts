import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Time limit for the head of a request; slow mobile connections need a few seconds. */
export const HEADERS_TIMEOUT_MS = 20_000;
/** How often Node checks for late heads and bodies (its default is 30 s). */
export const LATE_CHECK_MS = 2000;

/**
 * Limits the number of open connections. A new connection over the limit closes the one that has been idle for longest. When
 * none is idle, it closes the oldest of the address with the most connections, if that address has at least two more than
 * the newcomer's; otherwise the newcomer is closed.
 */
export function boundConnections(app: FastifyInstance, max: number): void {
  /** The longest idle first: a connection goes to the end when its request is over. */
  const idle = new Set<Socket>();
  /** The number of requests that each busy connection has. */
  const busy = new Map<Socket, number>();
  const forget = (socket: Socket) => {
    idle.delete(socket);
    busy.delete(socket);
  };
  app.server.on('connection', (socket: Socket) => {
    if (idle.size + busy.size >= max) {
      const loser = loserOf(idle, busy, socket);
      loser.destroy();
      forget(loser);
      if (loser === socket) return;
    }
    idle.add(socket);
    socket.once('close', () => forget(socket));
  });
  app.server.prependListener('request', ({ socket }, response) => {
    if (socket.destroyed) return;
    idle.delete(socket);
    busy.set(socket, (busy.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (busy.get(socket) ?? 1) - 1;
      if (left > 0) busy.set(socket, left);
      else if (busy.delete(socket) && !socket.destroyed) idle.add(socket);
    });
  });
}

function loserOf(idle: ReadonlySet<Socket>, busy: ReadonlyMap<Socket, number>, newcomer: Socket): Socket {
  const [longestIdle] = idle;
  if (longestIdle !== undefined) return longestIdle;
  const counts = new Map<string | undefined, number>();
  for (const { remoteAddress } of busy.keys())
    counts.set(remoteAddress, (counts.get(remoteAddress) ?? 0) + 1);
  const [greediest, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
  if (most < (counts.get(newcomer.remoteAddress) ?? 0) + 2) return newcomer;
  return [...busy.keys()].find(({ remoteAddress }) => remoteAddress === greediest) ?? newcomer;
}
