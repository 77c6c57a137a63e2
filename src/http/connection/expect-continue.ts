import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { TesseraError } from '../../domain/errors.js';

/** Requests that wait for "100 Continue" before they send their body. */
const waiting = new WeakSet<IncomingMessage>();

/** Requests with another expectation. */
const expectingMore = new WeakSet<IncomingMessage>();

/**
 * Holds "100 Continue" back until a route begins to read the body, so a refused client need not send its image. Other
 * expectations get the answer of `checkExpectation`, since Node's own answer has no body.
 */
export function holdBackContinue(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) => {
    expectingMore.add(request);
    app.server.emit('request', request, response);
  });
  app.server.on('checkContinue', (request, response) => {
    waiting.add(request);
    app.server.emit('request', request, response);
  });
}

/** Sends "100 Continue" to a client that waits for it. */
export function sendContinue(request: FastifyRequest, reply: FastifyReply): void {
  if (waiting.delete(request.raw)) reply.raw.writeContinue();
}

/** Whether the client still holds its body back. */
export function awaitsContinue(request: FastifyRequest): boolean {
  return waiting.has(request.raw);
}

/** @throws TesseraError expectation_failed (RFC 9110, 10.1.1). */
export function checkExpectation(request: FastifyRequest): void {
  if (!expectingMore.has(request.raw)) return;
  throw new TesseraError('expectation_failed', 'The expectation of the request cannot be met.', {
    details: { parameter: 'Expect', accepted: '100-continue' },
  });
}
