import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ImageHeader, UpscaleOptions } from '../../src/domain/types.js';
import type { CandidatePlan } from '../../src/models/fallback/chain-request.js';
import { dryRun } from '../../src/pipeline/dry-run.js';
import type { PipelineServices } from '../../src/pipeline/pipeline-services.js';
import { defaults, embeddedEntry, limits } from './stage.js';

const HEADER: ImageHeader = {
  format: 'png',
  width: 300,
  height: 200,
  hasAlpha: false,
  sixteenBit: false,
  pages: 1,
};
/** A microsecond beside the tiles for each of the 1200 x 800 output pixels, a tenth of them for decoding: 0.96 s. */
const costs: PipelineServices['costs'] = {
  decodingMs: () => 96,
  finishing: ({ resultPixels }) => ({
    networkMs: resultPixels / 1000 - 96,
    lanczosMs: resultPixels / 1000 - 96,
  }),
  encodingMs: () => 0,
};

/** A network on the CPU, with tiles of so many pixels. */
async function net(tileSizePx: number): Promise<Pick<CandidatePlan, 'model' | 'provider' | 'network'>> {
  const entry = await embeddedEntry();
  const model = { entry, provider: 'cpu' } as const;
  const terms = { model, tileSizePx, microsecondsPerPixel: undefined, tileWorkers: 1 };
  return { model: entry.name, provider: 'cpu', network: { terms, overlapPx: entry.overlapPx, passes: 1 } };
}

function plan(candidates: readonly CandidatePlan[], options: Partial<UpscaleOptions> = {}) {
  const chain = { resolveScale: () => 4, plan: async () => candidates };
  return dryRun({ header: HEADER, options: { ...defaults, ...options } }, chain, limits, costs);
}

describe('a dry run', () => {
  it('gives no time for a candidate that would be skipped, and the whole time for the others', async () => {
    const network = await net(128);
    const { candidates, estimatedSeconds } = await plan([
      { model: 'absent', serves: false, skipReason: 'not_installed' },
      { ...network, serves: false, estimatedSeconds: 900, skipReason: 'over_time_budget' },
      { ...network, serves: true, estimatedSeconds: 2 },
      { ...network, serves: false },
      { model: 'lanczos', serves: false },
    ]);
    assert.deepEqual(
      candidates.map((candidate) => [candidate.skipReason, candidate.estimatedSeconds]),
      [
        ['not_installed', undefined],
        ['over_time_budget', undefined],
        [undefined, 2.96],
        [undefined, undefined],
        [undefined, 0.96],
      ],
    );
    assert.equal(estimatedSeconds, 2.96);
  });

  it('tells seconds to the millisecond', async () => {
    const network = await net(128);
    const { candidates, estimatedSeconds } = await plan([
      { ...network, serves: true, estimatedSeconds: 2 / 3 },
    ]);
    assert.deepEqual([candidates[0]?.estimatedSeconds, estimatedSeconds], [1.627, 1.627]);
  });

  it('counts of memory the decoded image, a strip of the result and the tensors of a tile', async () => {
    const [small, large] = [
      await plan([{ ...(await net(96)), serves: true }]),
      await plan([{ ...(await net(512)), serves: true }]),
    ];
    assert.equal(large.tiles, 1);
    assert.ok(small.tiles > 1);
    assert.ok(large.estimatedMemoryBytes > small.estimatedMemoryBytes);
    const decoded = 300 * 200 * 3;
    const result = 1200 * 800 * 3;
    assert.ok(large.estimatedMemoryBytes > decoded + result, 'one tile holds all');
    assert.ok(small.estimatedMemoryBytes > decoded);
  });

  it('tells the size and the steps of what is asked for', async () => {
    const network = await net(128);
    const size = { kind: 'box', width: 400, height: 400, fit: 'cover', position: 'centre' } as const;
    const served = [{ ...network, serves: true, estimatedSeconds: 2 }];
    const { width, height, steps } = await plan(served, { size, strength: 0.5, sharpen: 1 });
    assert.deepEqual([width, height, steps], [400, 400, ['crop', 'network', 'mix', 'resize', 'sharpen']]);
    assert.deepEqual((await plan(served)).steps, ['network']);
    const reduced = await plan([{ model: 'lanczos', serves: true }], { size: { kind: 'max_side', px: 150 } });
    assert.deepEqual([reduced.width, reduced.height, reduced.steps], [150, 100, ['resize']]);
  });
});
