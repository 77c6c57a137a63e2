import { type Config, ConfigError } from '../config.js';
import { chainOrder } from './chain-order.js';
import { loadManifest, ManifestError } from './manifest.js';

/**
 * Finds out before anything is started whether the manifest can be read and knows the models of the chain.
 * @throws ConfigError
 */
export async function checkModelSettings(config: Pick<Config, 'MODELS_DIR' | 'MODEL_CHAIN'>): Promise<void> {
  try {
    const entries = await loadManifest(config.MODELS_DIR);
    const { unknown } = chainOrder(config.MODEL_CHAIN, entries, false);
    if (unknown.length === 0) return;
    const known = ['auto', ...entries.map((entry) => entry.name), 'lanczos'].join(', ');
    throw new ConfigError([`MODEL_CHAIN names ${unknown.join(', ')}; expected some of ${known}.`]);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new ConfigError(error.problems.map((problem) => `MODELS_DIR: ${error.file}: ${problem}`));
  }
}
