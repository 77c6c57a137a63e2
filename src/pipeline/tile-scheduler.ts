import { setImmediate as nextPass } from 'node:timers/promises';

/** A turn at the processor: one tile. */
export interface TileTurn {
  /** Lets the next job go on. */
  end(): void;
}

/**
 * The right to compute one tile. A tile that all processors compute blocks the event loop, so jobs in one engine take turns, and
 * messages are read between tiles. `engine/turns.ts` is the fair implementation.
 */
export interface TileScheduler {
  /**
   * @param atOnce turns that may be held at the same time, this one included; 1 unless the tile is computed in a tile worker.
   * @throws the signal's reason when it is aborted before the turn comes.
   */
  take(jobId: string, signal: AbortSignal, atOnce?: number): Promise<TileTurn>;
}

/** For a job whose own tiles still hold turns that it does not wait for: it goes on beside them, and lets the event loop go on too. */
export const ALONGSIDE_OWN_TILES: TileScheduler = {
  async take(_jobId, signal) {
    await nextPass();
    signal.throwIfAborted();
    return { end: () => {} };
  },
};
