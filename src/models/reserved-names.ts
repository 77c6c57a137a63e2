import { AUTO_MODEL, LANCZOS } from '../domain/types.js';

/** Names that mean something else than a model. */
const RESERVED: ReadonlyMap<string, string> = new Map([
  [LANCZOS, 'it stands for plain resampling, without a network'],
  [AUTO_MODEL, "it stands for the chain's first model, and in MODEL_CHAIN for the usual ones"],
]);

/** @returns what a name means that no model may have; undefined where it means nothing yet. */
export function reservedFor(name: string): string | undefined {
  return RESERVED.get(name);
}
