import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';

const signals = new WeakMap<ServerResponse, AbortSignal>();

/** A signal that is aborted when the connection ends before the answer was sent in full. One exchange has one signal. */
export function clientGone(reply: FastifyReply): AbortSignal {
  const response = reply.raw;
  const known = signals.get(response);
  if (known !== undefined) return known;
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableEnded) controller.abort();
  });
  if (response.destroyed) controller.abort();
  signals.set(response, controller.signal);
  return controller.signal;
}
