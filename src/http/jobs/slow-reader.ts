import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Config } from '../../config/config.js';
import { Pace, SAMPLE_INTERVAL_MS } from '../upload/pace.js';

/** A reader's pace is its mean over this time: mobile connections stall, and nobody waits for a place. */
const WINDOW_MS = 120_000;

export interface ReaderLimits {
  readonly minBytesPerSecond: number;
  /** The longest time for the whole answer. */
  readonly maxMs: number;
  readonly windowMs: number;
}

/** A result that is being sent may hold disk as long as one that is stored. */
export function readerLimits(config: Pick<Config, 'MIN_BYTES_PER_SECOND' | 'JOB_TTL_MINUTES'>): ReaderLimits {
  return {
    minBytesPerSecond: config.MIN_BYTES_PER_SECOND,
    maxMs: config.JOB_TTL_MINUTES * 60_000,
    windowMs: WINDOW_MS,
  };
}

/** Closes the connection of a client that reads too slowly: its result holds disk until it is sent. */
export function closeSlowReader(response: ServerResponse, limits: ReaderLimits): void {
  const { socket } = response;
  if (socket === null) return;
  const { minBytesPerSecond, maxMs, windowMs } = limits;
  const endMs = performance.now() + maxMs;
  const pace = new Pace(windowMs, bytesTaken(socket));
  const check = () => {
    if (response.closed) {
      clearInterval(clock);
      return;
    }
    const taken = bytesTaken(socket);
    // The client has taken all that was sent, and waits for the service.
    if (socket.writableLength === 0) pace.restart(taken);
    else pace.sample(taken);
    const isSlow = pace.watchedMs >= windowMs && pace.bytesPerSecond(windowMs, taken) < minBytesPerSecond;
    if (isSlow || performance.now() > endMs) response.destroy();
  };
  const clock = setInterval(check, Math.min(SAMPLE_INTERVAL_MS, windowMs / 4)).unref();
}

/**
 * The bytes that the client's side has taken. The public counters count a chunk, half a megabyte of a result, only as a whole;
 * the handle, which Node's own timeouts use too, tells how much of it waits.
 */
function bytesTaken(socket: Socket): number {
  const { bytesWritten, writeQueueSize } =
    (socket as unknown as { readonly _handle?: Partial<StreamHandle> | null })._handle ?? {};
  if (bytesWritten === undefined || writeQueueSize === undefined)
    return socket.bytesWritten - socket.writableLength;
  return bytesWritten - writeQueueSize;
}

interface StreamHandle {
  readonly bytesWritten: number;
  readonly writeQueueSize: number;
}
