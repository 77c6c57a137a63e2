import { type Config, ConfigError, readConfig } from '../config/config.js';
import { modelSettingProblems } from './check-settings.js';

/**
 * Reads the configuration and checks it against what it refers to: the manifest and the models in it.
 * @throws ConfigError with every problem, of the variables themselves and of what they name.
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
