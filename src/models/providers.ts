import type { Config } from '../config.js';
import type { Log, ProviderStatus } from '../types.js';

export async function probeProviders(
  _config: Pick<Config, 'EXECUTION_PROVIDERS' | 'MODELS_DIR'>,
  _options: { readonly threads: number; readonly log: Log },
): Promise<readonly ProviderStatus[]> {
  return [{ provider: 'cpu', usable: true, detail: 'Always there.' }];
}
