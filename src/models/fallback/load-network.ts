import type { CostModel } from '../../cost/cost-model.js';
import type { Share } from '../../cost/workload.js';
import type { Provider, ProviderStatus } from '../../domain/types.js';
import { ModelLoadError } from '../failure.js';
import { isInFloat32, type ModelEntry } from '../manifest-entry.js';
import { modelKey } from '../model-key.js';
import type { Loan, SessionPool } from '../onnx/session-pool.js';
import type { TileModel } from '../tile-model.js';
import type { NetworkCandidate } from './candidate.js';
import type { ChainRequest } from './chain-request.js';
import type { LoadedNetwork, TimeWatch } from './loaded-candidate.js';
import { termsOf } from './time-budget.js';

/** What a loaded network needs besides its own model. */
interface LoadedNetworkContext {
  readonly entries: readonly ModelEntry[];
  readonly providers: readonly ProviderStatus[];
  readonly pool: SessionPool;
  readonly costs: CostModel;
  /** The request's share of the engine's work. */
  readonly share: Share;
  readonly watch: TimeWatch;
  /** Takes a further loan, to give it back when the candidate is done. */
  keep(loan: Loan): void;
}

/** The loaded network as the renderer sees it. */
export function loadedNetwork(
  candidate: NetworkCandidate,
  request: ChainRequest,
  passes: 1 | 2,
  model: TileModel,
  context: LoadedNetworkContext,
): LoadedNetwork {
  const { costs, share, watch } = context;
  const { provider } = candidate;
  const key = modelKey(candidate.entry);
  const { tileSizePx, tileWorkers } = termsOf(candidate, request, costs);
  return {
    kind: 'network',
    model,
    passes,
    tileSizePx,
    tileWorkers: model.runInWorker === undefined ? 1 : tileWorkers,
    get microsecondsPerPixel() {
      return costs.speed(key, provider);
    },
    givenTilePx: undefined,
    rememberTileSize: (fittingPx) => costs.rememberTileSize(key, provider, fittingPx),
    recordSpeed: (inputPixels, ms) => {
      costs.recordSpeed(key, provider, inputPixels, ms);
      share.worked(ms);
    },
    ...watch,
    // Another precision, or another provider, is a fallback.
    alternative: async () => (request.fallback ? borrowAlternative(candidate, context) : undefined),
  };
}

/** Borrows the same weights in float32 on the same provider, or else on the CPU. */
async function borrowAlternative(
  { entry, provider }: NetworkCandidate,
  { entries, providers, pool, keep }: LoadedNetworkContext,
): Promise<TileModel | undefined> {
  const float = isInFloat32(entry) ? entry : entries.find((each) => each.name === entry.floatTwin);
  if (float === undefined || !pool.isInstalled(float)) return undefined;
  const hasCpu = providers.some((each) => each.provider === 'cpu' && each.usable);
  const places: Provider[] = float === entry ? [] : [provider];
  if (hasCpu && provider !== 'cpu') places.push('cpu');
  for (const place of places) {
    try {
      const loan = await pool.borrow(float, place);
      keep(loan);
      return loan.model;
    } catch (error) {
      if (!(error instanceof ModelLoadError)) throw error;
    }
  }
  return undefined;
}
