import type { Provider, ProviderStatus } from '../../domain/types.js';
import type { SpeedMemory } from '../cost/speed-memory.js';
import type { Share } from '../cost/workload.js';
import { ModelLoadError } from '../failure.js';
import { isInFloat32, type ModelEntry } from '../manifest-entry.js';
import { modelKey } from '../model-key.js';
import type { Loan, SessionPool } from '../onnx/session-pool.js';
import type { TileModel } from '../tile-model.js';
import type { ChainRequest, NetworkCandidate } from './candidate.js';
import { type NetworkStep, tileSize, workersOf } from './network-attempt.js';
import type { TimeWatch } from './time-watch.js';

/** What a candidate needs besides its own model. */
export interface CandidateContext {
  readonly entries: readonly ModelEntry[];
  readonly providers: readonly ProviderStatus[];
  readonly pool: SessionPool;
  readonly memory: SpeedMemory;
  /** What the request has still to compute. */
  readonly share: Share;
  readonly watch: TimeWatch;
  /** Takes a further loan, to give it back when the candidate is done. */
  keep(loan: Loan): void;
}

/** The candidate as the tile loop sees it. */
export function networkCandidate(
  step: NetworkStep,
  request: ChainRequest,
  passes: 1 | 2,
  model: TileModel,
  around: CandidateContext,
): NetworkCandidate {
  const { memory } = around;
  const key = modelKey(step.entry);
  return {
    kind: 'network',
    model,
    passes,
    tileSizePx: tileSize(step, request, memory),
    givenTilePx: undefined,
    rememberTileSize: (tileSizePx) => memory.rememberTileSize(key, step.provider, tileSizePx),
    recordSpeed: (inputPixels, ms) => {
      memory.recordSpeed(key, step.provider, inputPixels, ms);
      around.share.worked(ms);
    },
    ...around.watch,
    // Another precision or another provider is another candidate, and without fallback the caller wants the first or none.
    alternative: async () => (request.fallback ? borrowFirst(alternatives(step, around), around) : undefined),
    tileWorkers: model.runInWorker === undefined ? 1 : workersOf(step, memory),
    get microsecondsPerPixel() {
      return memory.speed(key, step.provider);
    },
  };
}

type Place = readonly [ModelEntry, Provider];

/** The same weights in float32 on the same provider, then on the CPU. */
function alternatives(step: NetworkStep, around: CandidateContext): Place[] {
  const { entry, provider } = step;
  const float = isInFloat32(entry) ? entry : around.entries.find((each) => each.name === entry.floatTwin);
  if (float === undefined || !around.pool.isInstalled(float)) return [];
  const cpu = around.providers.some((each) => each.provider === 'cpu' && each.usable);
  const providers: readonly Provider[] = cpu && provider !== 'cpu' ? [provider, 'cpu'] : [provider];
  return providers
    .map((each): Place => [float, each])
    .filter(([other, place]) => other !== entry || place !== provider);
}

async function borrowFirst(
  places: readonly Place[],
  around: CandidateContext,
): Promise<TileModel | undefined> {
  for (const [entry, provider] of places) {
    try {
      const loan = await around.pool.borrow(entry, provider);
      around.keep(loan);
      return loan.model;
    } catch (error) {
      if (!(error instanceof ModelLoadError)) throw error;
    }
  }
  return undefined;
}
