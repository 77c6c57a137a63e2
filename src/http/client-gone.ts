import type { FastifyReply } from 'fastify';

/** A signal that is aborted when the connection ends before the answer was sent in full. */
export function clientGone(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const response = reply.raw;
  response.once('close', () => {
    if (!response.writableEnded) controller.abort();
  });
  if (response.destroyed) controller.abort();
  return controller.signal;
}
