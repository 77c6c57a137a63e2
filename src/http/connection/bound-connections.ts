import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Time limit for the head of a request. Slow mobile connections need a few seconds. */
export const HEADERS_TIMEOUT_MS = 20_000;
/** Interval at which Node checks for late heads and bodies; its default is 30 s. */
export const LATE_CHECK_MS = 2000;

/**
 * Limits the number of open connections. Over the limit it closes, in this order: the connection that has been idle
 * for longest; the oldest of the address with the most connections, when that address has two more than the
 * newcomer's; the newcomer.
 */
export function boundConnections(app: FastifyInstance, most: number): void {
  /** Connections, longest idle first: a connection moves to the end when its request is over. */
  const idle = new Set<Socket>();
  /** Connections and the number of their requests in progress. */
  const atWork = new Map<Socket, number>();
  const forget = (socket: Socket) => {
    idle.delete(socket);
    atWork.delete(socket);
  };
  app.server.on('connection', (socket: Socket) => {
    if (idle.size + atWork.size >= most) {
      const loser = loserOf(idle, atWork, socket);
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
    atWork.set(socket, (atWork.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (atWork.get(socket) ?? 1) - 1;
      if (left > 0) atWork.set(socket, left);
      else if (atWork.delete(socket) && !socket.destroyed) idle.add(socket);
    });
  });
}

function loserOf(idle: ReadonlySet<Socket>, atWork: ReadonlyMap<Socket, number>, newcomer: Socket): Socket {
  const [longestIdle] = idle;
  if (longestIdle !== undefined) return longestIdle;
  const counts = new Map<string | undefined, number>();
  for (const { remoteAddress } of atWork.keys())
    counts.set(remoteAddress, (counts.get(remoteAddress) ?? 0) + 1);
  const [greediest, theirs] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
  if (theirs < (counts.get(newcomer.remoteAddress) ?? 0) + 2) return newcomer;
  return [...atWork.keys()].find(({ remoteAddress }) => remoteAddress === greediest) ?? newcomer;
}
