import { afterEach } from 'node:test';
import type { Attempt } from '../../src/domain/types.js';
import type { LoadedCandidate } from '../../src/models/fallback/loaded-candidate.js';
import { TileFailure } from '../../src/models/tile-model.js';
import { nearestNetwork } from '../onnx-writer/test-models.js';
import { chainRig, type Rig, type RigModel } from './chain-rig.js';
import { gradientTile } from './tiles.js';

const rigs: Rig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.close();
});

/** A chain that is closed, with its folder, after the test. */
export async function rigOf(
  models: readonly RigModel[],
  options?: Parameters<typeof chainRig>[1],
): Promise<Rig> {
  const rig = await chainRig(models, options);
  rigs.push(rig);
  return rig;
}

export const GOOD = nearestNetwork({ scale: 4 });
export const TILE = gradientTile(24, 20, Uint8Array);

/** Serves with one tile through the candidate's model, or with "lanczos". */
export const oneTile = async (candidate: LoadedCandidate) =>
  candidate.kind === 'lanczos' ? 'lanczos' : candidate.model.run(TILE);

/** Serves with the name of the candidate's model. */
export const nameOf = async (candidate: LoadedCandidate) =>
  candidate.kind === 'lanczos' ? 'lanczos' : candidate.model.entry.name;

/** An attempt in a line: model, provider, outcome, reason. */
export const short = (attempts: readonly Attempt[]): string[] =>
  attempts.map((each) =>
    [each.model, each.provider ?? '-', each.outcome, each.reason ?? ''].join(' ').trim(),
  );

/** Fails on the named models with the reason. */
export const failOn =
  (reason: TileFailure['reason'], ...names: string[]) =>
  async (candidate: LoadedCandidate) => {
    const name = await nameOf(candidate);
    if (names.includes(name)) throw new TileFailure(reason, `made to fail: ${reason}`);
    return name;
  };
