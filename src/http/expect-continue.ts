import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Requests that wait for "100 Continue" before they send their body. */
const waiting = new WeakSet<IncomingMessage>();

/** Holds "100 Continue" back until a route begins to read the body: a refused client need not send its image at all. */
export function holdBackContinue(app: FastifyInstance): void {
  app.server.on('checkContinue', (request, response) => {
    waiting.add(request);
    app.server.emit('request', request, response);
  });
}

/** Tells a client that waits for it to send the body. */
export function sendContinue(request: FastifyRequest, reply: FastifyReply): void {
  if (waiting.delete(request.raw)) reply.raw.writeContinue();
}

/** Whether the client still holds its body back. */
export function awaitsContinue(request: FastifyRequest): boolean {
  return waiting.has(request.raw);
}
