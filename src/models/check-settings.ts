import type { Config } from '../config.js';
import { LANCZOS } from '../types.js';
import { AUTO, chainOrder } from './chain-order.js';
import { loadManifest, ManifestError } from './manifest.js';

/**
 * Finds out before anything is started whether the manifest can be read and knows the models of the chain.
 * @returns a sentence for each problem, beginning with the setting's name.
 */
export async function modelSettingProblems(
  config: Pick<Config, 'MODELS_DIR' | 'MODEL_CHAIN'>,
): Promise<readonly string[]> {
  try {
    const entries = await loadManifest(config.MODELS_DIR);
    const { unknown } = chainOrder(config.MODEL_CHAIN, entries, false);
    if (unknown.length === 0) return [];
    const known = [AUTO, ...entries.map((entry) => entry.name), LANCZOS].join(', ');
    return [`MODEL_CHAIN names ${unknown.join(', ')}; expected some of ${known}.`];
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return error.problems.map((problem) => `MODELS_DIR: ${error.file}: ${problem}`);
  }
}
