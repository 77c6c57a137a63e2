import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import type { Config } from '../../config/config.js';
import { LOOK_EVERY_MS, Pace } from '../upload/pace.js';

/** Over so long a reader must keep the least pace: mobile connections stall, and nobody else waits for a place. */
const WINDOW_MS = 120_000;
/** A reader of events that takes none of them for this long is cut off. */
const IDLE_MS = 120_000;

export interface ReaderLimits {
  readonly minBytesPerSecond: number;
  /** The longest that a reader may take in all. */
  readonly maxMs: number;
  readonly windowMs: number;
}

/** A result on its way holds disk no longer than one that is kept. */
export function readerLimits(config: Pick<Config, 'MIN_BYTES_PER_SECOND' | 'JOB_TTL_MINUTES'>): ReaderLimits {
  return {
    minBytesPerSecond: config.MIN_BYTES_PER_SECOND,
    maxMs: config.JOB_TTL_MINUTES * 60_000,
    windowMs: WINDOW_MS,
  };
}

/** Ends a connection whose client takes its answer too slowly: a result holds disk until it has gone. */
export function cutOffSlowReader(response: ServerResponse, terms: ReaderLimits): void {
  const { socket } = response;
  if (socket === null) return;
  const { minBytesPerSecond, maxMs, windowMs } = terms;
  const endMs = performance.now() + maxMs;
  const pace = new Pace(windowMs, bytesTaken(socket));
  const clock = setInterval(
    () => {
      if (response.closed) {
        clearInterval(clock);
        return;
      }
      const taken = bytesTaken(socket);
      // All that was sent is taken: the client waits for us.
      if (socket.writableLength === 0) pace.restart(taken);
      else pace.look(taken);
      const slow = pace.watchedMs >= windowMs && pace.bytesPerSecond(windowMs, taken) < minBytesPerSecond;
      if (slow || performance.now() > endMs) response.destroy();
    },
    Math.min(LOOK_EVERY_MS, windowMs / 4),
  );
  clock.unref();
}

/** Ends a connection whose client has stopped reading, for answers that come in small pieces over a long time. */
export function cutOffIdleReader(reply: FastifyReply): void {
  reply.raw.setTimeout(IDLE_MS, () => reply.raw.destroy());
}

/**
 * Bytes that the client's side has taken. Of a piece under way, half a megabyte of a result, the public counters tell only when all of it is
 * gone; the handle, which Node's own timeouts look at too, tells how much of it waits.
 */
function bytesTaken(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: StreamHandle | null };
  if (handle?.bytesWritten === undefined || handle.writeQueueSize === undefined)
    return socket.bytesWritten - socket.writableLength;
  return handle.bytesWritten - handle.writeQueueSize;
}

interface StreamHandle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
}
