/** A turn at the processor: one tile. */
export interface Turn {
  /** How long the job waited for other jobs' tiles. */
  readonly waitedMs: number;
  /** Lets the next job go on. */
  end(): void;
}

/**
 * The right to compute one tile. A tile blocks the event loop, so jobs in one engine take turns, and messages are read
 * between tiles. `engine/turns.ts` is the fair implementation.
 */
export interface Turns {
  /** @throws the signal's reason when it is aborted before the turn comes. */
  take(jobId: string, signal: AbortSignal): Promise<Turn>;
}
