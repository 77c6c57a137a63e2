import { CostModel } from '../../src/cost/cost-model.js';
import { tileFailure } from '../../src/models/failure.js';
import { DeviceLost } from '../../src/models/fallback/device-lost.js';
import type { LoadedCandidate } from '../../src/models/fallback/loaded-candidate.js';
import { loadManifest } from '../../src/models/manifest.js';
import { SessionPool } from '../../src/models/onnx/session-pool.js';
import { probeProviders } from '../../src/models/providers/providers.js';
import { TileFailure } from '../../src/models/tile-model.js';
import { memoryEaterNetwork, nearestNetwork } from '../onnx-writer/test-models.js';
import { chainRequest, chainRig, RecordingLog, type Rig } from './chain-rig.js';
import { SHIPPED_MODELS } from './shipped-models.js';
import { gradientTile, repeated } from './tiles.js';

/** What the scenarios saw; sent to the test that started this process. */
export interface WebGpuReport {
  readonly providers: readonly { provider: string; usable: boolean; detail: string }[];
  readonly served: { model: string; provider: string | undefined; fallback: boolean; right: boolean };
  readonly tooLarge: { reason: string; smallerIsRight: boolean };
  readonly lost: {
    attempts: readonly string[];
    candidate: string;
    afterwards: string | undefined;
    right: boolean;
  };
}

const TILE = gradientTile(24, 20, Uint8Array);
const PROVIDERS = [
  { provider: 'webgpu', usable: true, detail: 'proven' },
  { provider: 'cpu', usable: true, detail: 'proven' },
] as const;
const oneTile = async (candidate: LoadedCandidate) =>
  candidate.kind === 'network' ? candidate.model.run(TILE) : undefined;
const isRight = (answer: unknown): boolean => JSON.stringify(answer) === JSON.stringify(repeated(TILE, 4));

async function probed(): Promise<WebGpuReport['providers']> {
  const log = new RecordingLog();
  const pool = new SessionPool({
    modelsFolder: SHIPPED_MODELS,
    threads: 2,
    idleMs: 1e6,
    costs: new CostModel(),
    log,
  });
  const entries = await loadManifest(SHIPPED_MODELS);
  // A renderer in software, on a machine that may be busy, takes its time.
  const statuses = await probeProviders(['webgpu', 'cpu'], entries, pool, 600_000);
  await pool.close();
  return statuses;
}

async function served(rig: Rig): Promise<WebGpuReport['served']> {
  const { model, provider, fallback, value } = await rig.chain.serve(chainRequest(), oneTile);
  return { model, provider, fallback, right: isRight(value) };
}

/** A true out-of-memory of the device: 2048 copies of a 512² tile are 6.4 GB. */
async function tooLarge(rig: Rig): Promise<WebGpuReport['tooLarge']> {
  const { value } = await rig.chain.serve(chainRequest({ model: 'eater' }), async (candidate) => {
    if (candidate.kind !== 'network') throw new Error('no network served');
    let reason = 'none';
    try {
      await candidate.model.run(gradientTile(512, 512, Uint8Array));
    } catch (error) {
      reason = error instanceof TileFailure ? error.reason : String(error);
    }
    return { reason, smallerIsRight: isRight(await candidate.model.run(TILE)) };
  });
  return value;
}

/** The text of a device that is gone, at the third tile; then, as the engine does, once more without the candidate. */
async function lost(rig: Rig): Promise<WebGpuReport['lost']> {
  try {
    await rig.chain.serve(chainRequest(), async (candidate) => {
      for (let i = 0; i < 2; i++) await oneTile(candidate);
      throw tileFailure(new Error('WebGPU device lost (2): the device was removed.'));
    });
  } catch (error) {
    if (!(error instanceof DeviceLost)) throw error;
    const again = await rig.chain.serve(
      chainRequest({ excludedCandidates: [error.candidate], earlierAttempts: error.attempts }),
      oneTile,
    );
    return {
      attempts: again.attempts.map((each) => `${each.model}@${each.provider} ${each.outcome}`),
      candidate: `${error.candidate.model}@${error.candidate.provider} ${error.candidate.reason}`,
      afterwards: again.provider,
      right: isRight(again.value),
    };
  }
  throw new Error('the loss went unnoticed');
}

const rig = await chainRig(
  [
    { name: 'one', network: nearestNetwork({ scale: 4 }) },
    { name: 'eater', network: memoryEaterNetwork(2048), aside: true },
  ],
  { providers: PROVIDERS },
);
const report: WebGpuReport = {
  providers: await probed(),
  served: await served(rig),
  tooLarge: await tooLarge(rig),
  lost: await lost(rig),
};
await rig.close();
process.send?.(report, () => process.exit(0));
