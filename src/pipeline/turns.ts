/**
 * The right to compute one tile. A tile blocks the event loop, so jobs in one engine take turns, and messages are read
 * between tiles. `engine/` gives the fair implementation.
 */
export interface Turns {
  /**
   * Waits for this job's next turn, at least until pending events were handled.
   * @returns gives the turn back; called exactly once, when the tile is done or has failed.
   * @throws the signal's reason when it is aborted while waiting.
   */
  next(signal: AbortSignal): Promise<() => void>;
}
