import { AUTO_MODEL, LANCZOS } from '../domain/types.js';
import type { ModelEntry } from './manifest-entry.js';

/**
 * The models of `MODEL_CHAIN=auto`. realesrgan-x4plus takes about 15 times as long as realesr-general-x4v3, which on a CPU is minutes for
 * a photo, so it is used only with a GPU. tessera-mini-x4 takes a third of the time of tessera-lite-x4 and is softer: it serves when
 * tessera-lite-x4 would be too slow.
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
 * Resolves `MODEL_CHAIN`.
 * @returns the chain's models in order, each once, without Lanczos, which always comes last; and the configured names that are in no
 * manifest.
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
    // A replaced manifest may lack models of `auto`.
    else if (configured.includes(name)) unknown.push(name);
  }
  return { models, unknown };
}
