import { setImmediate as nextPass } from 'node:timers/promises';

/**
 * Gives the jobs of one engine turns. A tile that all processors compute blocks the event loop, so jobs take turns,
 * and messages are read between tiles. `engine/worker/tile-scheduler.ts` is the fair implementation.
 */
export interface TileTurn {
  /** Ends the turn, so that the next job continues. */
  end(): void;
}

/**
 * The right to compute one tile. A tile that all processors compute blocks the event loop, so jobs in one engine take turns, and
 * messages are read between tiles. `engine/worker/tile-scheduler.ts` is the fair implementation.
 */
export interface TileScheduler {
  /**
   * @param atOnce turns that the job may hold at the same time, this one included; 1 unless tile workers compute its
   * tiles.
   * @throws the signal's reason when it is aborted before the turn comes.
   */
  take(jobId: string, signal: AbortSignal, atOnce?: number): Promise<TileTurn>;
}

/** For a job whose own abandoned tiles still hold turns: it continues beside them, and lets the event loop continue too. */
export const ALONGSIDE_OWN_TILES: TileScheduler = {
  async take(_jobId, signal) {
    await nextPass();
    signal.throwIfAborted();
    return { end: () => {} };
  },
};
