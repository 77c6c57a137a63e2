import type { Config } from '../../config/config.js';
import type { LearntSpeed, Log } from '../../domain/types.js';
import { chainOrder } from '../chain-order.js';
import { SpeedMemory } from '../cost/speed-memory.js';
import { loadManifest } from '../manifest.js';
import type { ModelEntry } from '../manifest-entry.js';
import { SessionPool } from '../onnx/session-pool.js';
import { probeProviders, wantedProviders } from '../providers/providers.js';
import { type ChainModels, ModelChain } from './chain.js';

/** What a tile, or those that are computed at once, may take of the memory budget where the request names no size. */
const SHARE_FOR_TILES = 0.4;
/** Of the embedded model, from the peak of a 512² tile (`bench/tile-speed.ts`); only fast models get larger tiles. */
const BYTES_PER_TILE_PIXEL = 800;
/** And what each tile of a slow model may take that is computed beside others: one of 534² of realesr-general-x4v3 took 290 MB, and 640² is usual. */
const BYTES_PER_LANE = 500e6;

export type ChainConfig = Pick<
  Config,
  'MODELS_DIR' | 'MODEL_CHAIN' | 'MODEL_IDLE_MINUTES' | 'EXECUTION_PROVIDERS'
>;

/**
 * Makes the chain of this process: reads the manifest and proves the providers. Loads no model that an image has not
 * asked for.
 * @param threads of one run on the CPU.
 * @param memoryBytes that this process may use.
 * @param learnt by earlier processes. @param onTileSize called when `learnt` of the chain has a new tile size.
 * @throws ManifestError
 */
export async function openChain(
  config: ChainConfig,
  {
    threads,
    memoryBytes = Number.POSITIVE_INFINITY,
    log,
    learnt,
    onTileSize,
  }: {
    readonly threads: number;
    readonly memoryBytes?: number;
    readonly log: Log;
    readonly learnt?: readonly LearntSpeed[];
    readonly onTileSize?: () => void;
  },
): Promise<ModelChain> {
  const bytesForTiles = memoryBytes * SHARE_FOR_TILES;
  const roomyTilePx = Math.floor(Math.sqrt(bytesForTiles / BYTES_PER_TILE_PIXEL));
  const maxWorkers = Math.max(1, Math.min(threads, Math.floor(bytesForTiles / BYTES_PER_LANE)));
  const memory = new SpeedMemory(learnt, onTileSize, roomyTilePx, maxWorkers);
  const pool = new SessionPool({
    modelsFolder: config.MODELS_DIR,
    threads,
    idleMs: config.MODEL_IDLE_MINUTES * 60_000,
    memory,
    log,
  });
  const entries = await loadManifest(config.MODELS_DIR);
  const providers = await probeProviders(wantedProviders(config.EXECUTION_PROVIDERS), entries, pool);
  const hasGpu = providers.some(({ provider, usable }) => usable && provider !== 'cpu');
  const inOrder = (known: readonly ModelEntry[]): ChainModels => {
    const { models, unknown } = chainOrder(config.MODEL_CHAIN, known, hasGpu);
    if (unknown.length > 0) log.error({ unknown }, 'MODEL_CHAIN names models that no manifest knows');
    return { entries: known, chain: models };
  };
  const reload = async () => inOrder(await loadManifest(config.MODELS_DIR));
  return new ModelChain({ models: inOrder(entries), providers, pool, memory, reload, log });
}
