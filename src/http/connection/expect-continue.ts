import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';

/** Requests whose client waits for "100 Continue" before it sends the body. */
const waiting = new WeakSet<IncomingMessage>();

/** Requests with an expectation other than `100-continue`. */
const unsupported = new WeakSet<IncomingMessage>();

/**
 * Holds "100 Continue" back until a route begins to read the body, so that a refused client need not send its image.
 * `checkExpectation` answers other expectations; Node's own answer has no body.
 */
export function holdBackContinue({ server }: FastifyInstance): void {
  server.on('checkExpectation', (request, response) => {
    unsupported.add(request);
    server.emit('request', request, response);
  });
  server.on('checkContinue', (request, response) => {
    waiting.add(request);
    server.emit('request', request, response);
  });
}

/** Tells a waiting client to send the body. */
export function sendContinue(request: FastifyRequest, reply: FastifyReply): void {
  if (waiting.delete(request.raw)) reply.raw.writeContinue();
}

/** Whether the client still holds its body back. */
export function awaitsContinue(request: FastifyRequest): boolean {
  return waiting.has(request.raw);
}

/** @throws TesseraError expectation_failed (RFC 9110, 10.1.1). */
export function checkExpectation(request: FastifyRequest): void {
  if (!unsupported.has(request.raw)) return;
  throw new TesseraError('expectation_failed', 'The expectation of the request cannot be met.', {
    details: { parameter: 'Expect', accepted: '100-continue' },
  });
}
