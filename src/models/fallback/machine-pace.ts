import type { CostModel } from '../../cost/cost-model.js';
import type { PacedOrder } from '../chain-order.js';
import type { ModelEntry } from '../manifest-entry.js';
import { modelKey } from '../model-key.js';

/**
 * The larger embedded network comes first where the CPU takes at most this long for an input pixel. One core with AVX2 takes 6 µs and two
 * cores with VNNI 0.7 (models/README.md), so a busy moment at the start does not carry such a machine over the limit.
 */
const MAX_MICROSECONDS_PER_PIXEL = 16;

/** Chooses between the two orders of a chain, once: by the first measurement of the model that decides. */
export class MachinePace {
  #isSlow: boolean | undefined;

  constructor(private readonly costs: Pick<CostModel, 'speed'>) {}

  /** @returns the usual order until the machine has shown that it is slow. */
  orderOf(usual: readonly ModelEntry[], onSlowMachine: PacedOrder | undefined): readonly ModelEntry[] {
    if (onSlowMachine === undefined) return usual;
    const speed = this.costs.speed(modelKey(onSlowMachine.judged), 'cpu');
    if (speed !== undefined) this.#isSlow ??= speed > MAX_MICROSECONDS_PER_PIXEL;
    return this.#isSlow === true ? onSlowMachine.models : usual;
  }
}
