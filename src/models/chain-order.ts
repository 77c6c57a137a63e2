import { AUTO_MODEL, LANCZOS } from '../domain/types.js';
import type { ModelEntry } from './manifest-entry.js';

/**
 * `MODEL_CHAIN=auto`. realesrgan-x4plus costs about 15 times what realesr-general-x4v3 does: on a CPU minutes for a
 * photo. So it leads only where there is a GPU. tessera-mini-x4 costs a third of tessera-lite-x4 and is softer: it is for what lite has no time
 * for, and would else be resampled.
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

/**
 * The chain's models, first to last resort, without Lanczos, which always ends it.
 * @param configured `MODEL_CHAIN`.
 * @returns entries in order, each once, and the configured names that no manifest knows.
 */
export function chainOrder(
  configured: readonly string[],
  entries: readonly ModelEntry[],
  hasGpu: boolean,
): { models: readonly ModelEntry[]; unknown: readonly string[] } {
  const names = configured.flatMap((name) => (name !== AUTO_MODEL ? [name] : hasGpu ? WITH_GPU : ON_CPU));
  const models: ModelEntry[] = [];
  const unknown: string[] = [];
  for (const name of new Set(names)) {
    if (name === LANCZOS) continue;
    const entry = entries.find((each) => each.name === name);
    if (entry !== undefined) models.push(entry);
    // A manifest of one's own need not hold the models that `auto` stands for.
    else if (configured.includes(name)) unknown.push(name);
  }
  return { models, unknown };
}
