import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';
import type { Config } from '../../config/config.js';
import { LOOK_EVERY_MS, Pace } from '../upload/pace.js';

/** Window over which a reader's pace is measured. Mobile connections stall, and nobody waits for a reader's place. */
const WINDOW_MS = 120_000;
/** Time after which a reader of events that reads nothing is cut off. */
const IDLE_MS = 120_000;

export interface ReaderLimits {
  readonly minBytesPerSecond: number;
  /** Time limit for the whole answer. */
  readonly maxMs: number;
  readonly windowMs: number;
}

/** Limits for the reader of a result. A result in transfer holds disk space no longer than a kept one. */
export function readerLimits(config: Pick<Config, 'MIN_BYTES_PER_SECOND' | 'JOB_TTL_MINUTES'>): ReaderLimits {
  return {
    minBytesPerSecond: config.MIN_BYTES_PER_SECOND,
    maxMs: config.JOB_TTL_MINUTES * 60_000,
    windowMs: WINDOW_MS,
  };
}

/** Ends the connection of a client that reads too slowly, because a result holds disk space until it is sent. */
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
      // The client has read everything, so it waits for the service.
      if (socket.writableLength === 0) pace.restart(taken);
      else pace.look(taken);
      const slow = pace.watchedMs >= windowMs && pace.bytesPerSecond(windowMs, taken) < minBytesPerSecond;
      if (slow || performance.now() > endMs) response.destroy();
    },
    Math.min(LOOK_EVERY_MS, windowMs / 4),
  );
  clock.unref();
}

/** Ends the connection of a client that stopped reading, for answers that come in small pieces over a long time. */
export function cutOffIdleReader(reply: FastifyReply): void {
  reply.raw.setTimeout(IDLE_MS, () => reply.raw.destroy());
}

/**
 * Bytes that the client's side has received. The public counters include a chunk (half a megabyte of a result) only
 * when it is sent in full. The handle, which Node's own timeouts use too, also knows how much of the chunk waits.
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
