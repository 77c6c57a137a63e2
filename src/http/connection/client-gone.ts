import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';

const signals = new WeakMap<ServerResponse, AbortSignal>();

/** The signal of a reply, aborted when the connection ends before the whole answer was sent. */
export function clientGone({ raw }: FastifyReply): AbortSignal {
  const known = signals.get(raw);
  if (known !== undefined) return known;
  const controller = new AbortController();
  raw.once('close', () => {
    if (!raw.writableEnded) controller.abort();
  });
  if (raw.destroyed) controller.abort();
  signals.set(raw, controller.signal);
  return controller.signal;
}
