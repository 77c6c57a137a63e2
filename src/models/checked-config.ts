import { type Config, ConfigError, readConfig } from '../config/config.js';
import { AUTO_MODEL, LANCZOS } from '../domain/types.js';
import { chainOrder } from './chain-order.js';
import { loadManifest, ManifestError } from './manifest.js';

/**
 * Checks the manifest, and the settings that name models.
 * @returns a sentence for each problem, beginning with the setting's name.
 */
export async function modelSettingProblems(
  config: Pick<Config, 'MODELS_DIR' | 'MODEL_CHAIN' | 'DEFAULT_MODEL'>,
): Promise<readonly string[]> {
  try {
    const entries = await loadManifest(config.MODELS_DIR);
    const { unknown } = chainOrder(config.MODEL_CHAIN, entries, false);
    const known = [AUTO_MODEL, ...entries.map((entry) => entry.name), LANCZOS];
    const problems: string[] = [];
    if (unknown.length > 0)
      problems.push(`MODEL_CHAIN names ${unknown.join(', ')}; expected some of ${known.join(', ')}.`);
    if (!known.includes(config.DEFAULT_MODEL))
      problems.push(`DEFAULT_MODEL is "${config.DEFAULT_MODEL}"; expected ${known.join(', ')}.`);
    return problems;
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    return error.problems.map((problem) => `MODELS_DIR: ${error.file}: ${problem}`);
  }
}

/**
 * Reads the configuration and checks that the manifest has the models it names.
 * @throws ConfigError with every problem.
 */
export async function loadCheckedConfig(
  environment: Readonly<Record<string, string | undefined>>,
  root: string,
): Promise<Config> {
  const { config, problems } = readConfig(environment, root);
  const all = [...problems, ...(await modelSettingProblems(config))];
  if (all.length > 0) throw new ConfigError(all);
  return config;
}
