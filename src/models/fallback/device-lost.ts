import type { Attempt, ExcludedCandidate } from '../../domain/types.js';
import type { TileFailure } from '../tile-model.js';

/**
 * The device of a candidate is lost or its context poisoned: nothing on it works again in this process. Leaves the chain so
 * that the engine is replaced and the job runs again without the candidate.
 */
export class DeviceLost extends Error {
  override readonly name = 'DeviceLost';
  constructor(
    readonly candidate: Required<ExcludedCandidate>,
    /** All attempts so far, the lost candidate's own last. */
    readonly attempts: readonly Attempt[],
    cause: TileFailure,
  ) {
    super(cause.message, { cause });
  }
}
