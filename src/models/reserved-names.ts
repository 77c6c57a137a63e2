import { LANCZOS } from '../types.js';
import { AUTO } from './chain-order.js';

/** Names that mean something else than a model. */
const RESERVED: ReadonlyMap<string, string> = new Map([
  [LANCZOS, 'it stands for plain resampling, without a network'],
  [AUTO, 'in MODEL_CHAIN it stands for the usual models'],
]);

/** @returns what a name means that no model may have; undefined where it means nothing yet. */
export function reservedFor(name: string): string | undefined {
  return RESERVED.get(name);
}
