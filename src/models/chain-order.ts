import { AUTO_MODEL, LANCZOS } from '../domain/types.js';
import type { ModelEntry } from './manifest-entry.js';

/**
 * The models of `MODEL_CHAIN=auto`. realesrgan-x4plus takes about 15 times as long as realesr-general-x4v3, which on a CPU is minutes for
 * a photo, so it is used only with a GPU. tessera-mini-x4 takes a third of the time of tessera-lite-x4 and is softer: it serves when
 * tessera-lite-x4 would be too slow for an image, or is too slow on this machine (`machine-pace`).
 */
const WITH_GPU = [
  'realesrgan-x4plus',
  'realesr-general-x4v3',
  'swin2sr-classical-x2',
  'swin2sr-lightweight-x2',
  'tessera-lite-x4',
  'tessera-mini-x4',
];
const ON_CPU = WITH_GPU.slice(1);

/** Of the two embedded networks, the one that comes first where the machine computes it at a useful speed, and the lighter one. */
const USUAL = 'tessera-lite-x4';
const LIGHTER = 'tessera-mini-x4';

/** A chain whose order depends on the speed of one of its models. */
export interface PacedOrder {
  /** The model whose speed decides. */
  readonly judged: ModelEntry;
  /** The chain of a machine on which `judged` is slow. */
  readonly models: readonly ModelEntry[];
}

/**
 * Resolves `MODEL_CHAIN`.
 * @returns the chain's models in order, each once, without Lanczos, which always comes last; the order for a slow machine, where that is
 * another; and the configured names that are in no manifest.
 */
export function chainOrder(
  configured: readonly string[],
  entries: readonly ModelEntry[],
  hasGpu: boolean,
): { models: readonly ModelEntry[]; onSlowMachine?: PacedOrder; unknown: readonly string[] } {
  const names = configured.flatMap((name) => (name !== AUTO_MODEL ? [name] : hasGpu ? WITH_GPU : ON_CPU));
  const models: ModelEntry[] = [];
  const unknown: string[] = [];
  for (const name of new Set(names)) {
    if (name === LANCZOS) continue;
    const entry = entries.find((each) => each.name === name);
    if (entry !== undefined) models.push(entry);
    // A replaced manifest may lack models of `auto`.
    else if (configured.includes(name)) unknown.push(name);
  }
  const usual = models.find(({ name }) => name === USUAL);
  const lighter = models.find(({ name }) => name === LIGHTER);
  // Named models keep the order in which they are named.
  if (
    usual === undefined ||
    lighter === undefined ||
    configured.some((name) => name === USUAL || name === LIGHTER)
  )
    return { models, unknown };
  const swapped = models.map((entry) => (entry === usual ? lighter : entry === lighter ? usual : entry));
  return { models, onSlowMachine: { judged: usual, models: swapped }, unknown };
}
