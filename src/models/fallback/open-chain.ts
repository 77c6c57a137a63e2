import type { Config } from '../../config/config.js';
import { CostModel } from '../../cost/cost-model.js';
import { tileLimits } from '../../cost/tile-grid.js';
import type { Log } from '../../domain/types.js';
import { chainOrder } from '../chain-order.js';
import { loadManifest } from '../manifest.js';
import type { ModelEntry } from '../manifest-entry.js';
import { SessionPool } from '../onnx/session-pool.js';
import { probeProviders, wantedProviders } from '../providers/providers.js';
import { type ChainModels, ModelChain } from './chain.js';

export type ChainConfig = Pick<
  Config,
  'MODELS_DIR' | 'MODEL_CHAIN' | 'MODEL_IDLE_MINUTES' | 'EXECUTION_PROVIDERS'
>;

/**
 * Makes the chain of this process: reads the manifest and proves the providers. Loads no model that an image has not
 * asked for.
 * @param threads of one run on the CPU.
 * @throws ManifestError
 */
export async function openChain(
  config: ChainConfig,
  {
    threads,
    log,
    costs = new CostModel(undefined, tileLimits(threads, Number.POSITIVE_INFINITY)),
  }: { readonly threads: number; readonly log: Log; readonly costs?: CostModel },
): Promise<ModelChain> {
  const pool = new SessionPool({
    modelsFolder: config.MODELS_DIR,
    threads,
    idleMs: config.MODEL_IDLE_MINUTES * 60_000,
    costs,
    log,
  });
  const entries = await loadManifest(config.MODELS_DIR);
  const providers = await probeProviders(wantedProviders(config.EXECUTION_PROVIDERS), entries, pool);
  const hasGpu = providers.some(({ provider, usable }) => usable && provider !== 'cpu');
  const inOrder = (known: readonly ModelEntry[]): ChainModels => {
    const { models, unknown, ...paced } = chainOrder(config.MODEL_CHAIN, known, hasGpu);
    if (unknown.length > 0) log.error({ unknown }, 'MODEL_CHAIN names models that no manifest knows');
    return { entries: known, chain: models, ...paced };
  };
  const reload = async () => inOrder(await loadManifest(config.MODELS_DIR));
  return new ModelChain({ models: inOrder(entries), providers, pool, costs, reload, log });
}
