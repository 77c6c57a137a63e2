import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ImageHeader } from '../../src/domain/types.js';
import type { CandidatePlan } from '../../src/models/fallback/chain-request.js';
import { dryRun } from '../../src/pipeline/dry-run.js';
import type { OverheadCost } from '../../src/pipeline/overhead.js';
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
const beside: OverheadCost = {
  decodingMs: () => 96,
  finishing: ({ resultPixels }) => ({
    networkMs: resultPixels / 1000 - 96,
    lanczosMs: resultPixels / 1000 - 96,
  }),
  encodingMs: () => 0,
};

function plan(steps: readonly CandidatePlan[]) {
  const chain = { leadScale: () => 4, plan: async () => steps };
  return dryRun({ header: HEADER, options: defaults }, chain, limits, beside);
}

describe('a dry run', () => {
  it('gives no time for a candidate that would be skipped, and the whole time for the others', async () => {
    const entry = await embeddedEntry();
    const net = { model: entry.name, provider: 'cpu', entry, tileSizePx: 128, passes: 1 } as const;
    const { candidates, estimatedSeconds } = await plan([
      { model: 'absent', passes: 1, serves: false, skipReason: 'not_installed' },
      { ...net, serves: false, estimatedSeconds: 900, skipReason: 'over_time_budget' },
      { ...net, serves: true, estimatedSeconds: 2 },
      { ...net, serves: false },
      { model: 'lanczos', passes: 1, serves: false },
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
    const entry = await embeddedEntry();
    const net = { model: entry.name, provider: 'cpu', entry, tileSizePx: 128, passes: 1 } as const;
    const { candidates, estimatedSeconds } = await plan([{ ...net, serves: true, estimatedSeconds: 2 / 3 }]);
    assert.deepEqual([candidates[0]?.estimatedSeconds, estimatedSeconds], [1.627, 1.627]);
  });

  it('counts of memory the decoded image, a strip of the result and the tensors of a tile', async () => {
    const entry = await embeddedEntry();
    const net = { model: entry.name, provider: 'cpu', entry, passes: 1, serves: true } as const;
    const [small, large] = [
      await plan([{ ...net, tileSizePx: 96 }]),
      await plan([{ ...net, tileSizePx: 512 }]),
    ];
    assert.equal(large.tiles, 1);
    assert.ok(small.tiles > 1);
    assert.ok(large.estimatedMemoryBytes > small.estimatedMemoryBytes);
    const decoded = 300 * 200 * 3;
    const result = 1200 * 800 * 3;
    assert.ok(large.estimatedMemoryBytes > decoded + result, 'one tile holds all');
    assert.ok(small.estimatedMemoryBytes > decoded);
  });
});
