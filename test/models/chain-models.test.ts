import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { LoadedCandidate } from '../../src/models/fallback/loaded-candidate.js';
import { blackNetwork, install, nanNetwork, nearestNetwork } from '../onnx-writer/test-models.js';
import { chainRequest } from './chain-rig.js';
import { failOn, GOOD, nameOf, oneTile, rigOf, short, TILE } from './chain-serving.js';
import { repeated } from './tiles.js';

describe('files that cannot be used', () => {
  test('a truncated, a wrong-scale, a NaN and a black model fall through to the next, and are loaded once', async () => {
    const truncated = { ...GOOD, bytes: GOOD.bytes.subarray(0, GOOD.bytes.length - 40) };
    const { chain, log } = await rigOf([
      { name: 'truncated', network: truncated },
      { name: 'wrong-scale', network: nearestNetwork({ scale: 4, trueScale: 2 }) },
      { name: 'nan', network: nanNetwork() },
      { name: 'black', network: blackNetwork() },
      { name: 'good', network: GOOD },
    ]);
    for (let round = 0; round < 2; round++) {
      const answer = await chain.serve(chainRequest(), oneTile);
      assert.deepEqual(answer.value, repeated(TILE, 4));
      assert.deepEqual(short(answer.attempts), [
        'truncated cpu failed corrupt_model',
        'wrong-scale cpu failed invalid_output',
        'nan cpu failed invalid_output',
        'black cpu failed invalid_output',
        'good cpu served',
      ]);
      assert.equal(answer.fallback, true);
    }
    assert.equal(log.lines.filter((line) => /not a model|failed its first tile/.test(line)).length, 4);
    const status = chain.status().find((each) => each.name === 'truncated');
    assert.match(status?.unavailable ?? '', /not a model/);
  });

  test('a file that is mended serves again without a restart', async () => {
    const { chain, folder, entries } = await rigOf([{ name: 'one', network: GOOD }]);
    const file = join(folder, entries[0]?.file ?? '');
    await writeFile(file, 'rubbish');
    assert.equal((await chain.serve(chainRequest(), nameOf)).value, 'lanczos');
    await writeFile(file, GOOD.bytes);
    assert.equal((await chain.serve(chainRequest(), nameOf)).value, 'one');
  });

  test('a model that arrives is taken up without a restart; a new manifest after modelsChanged', async () => {
    const { chain, folder } = await rigOf([{ name: 'late', network: GOOD, missing: true }]);
    assert.equal((await chain.serve(chainRequest(), nameOf)).value, 'lanczos');
    await install(folder, 'late', GOOD);
    assert.equal((await chain.serve(chainRequest(), nameOf)).value, 'late');
    const mine = await install(folder, 'mine', nearestNetwork({ scale: 3 }));
    await writeFile(join(folder, 'custom.json'), JSON.stringify({ models: [mine] }));
    await chain.modelsChanged();
    assert.equal((await chain.serve(chainRequest({ model: 'mine' }), nameOf)).value, 'mine');
    await writeFile(join(folder, 'custom.json'), '{ half');
    await chain.modelsChanged();
    assert.equal((await chain.serve(chainRequest({ model: 'mine' }), nameOf)).value, 'mine');
  });
});

describe('sessions', () => {
  test('are loaded once, whoever asks, and unloaded when idle', async () => {
    const { chain, log } = await rigOf([{ name: 'one', network: GOOD }], { idleMs: 20 });
    const unloaded = log.next('idle model unloaded');
    await Promise.all(Array.from({ length: 8 }, () => chain.serve(chainRequest(), oneTile)));
    assert.equal(log.count('model loaded'), 1);
    await unloaded;
    assert.equal(chain.status()[0]?.loaded, false);
    await chain.serve(chainRequest(), oneTile);
    assert.equal(log.count('model loaded'), 2);
    assert.equal(chain.status()[0]?.loaded, true);
  });

  test('a tile size that worked is remembered for that model alone', async () => {
    const { chain } = await rigOf([
      { name: 'one', network: GOOD },
      { name: 'two', network: GOOD },
    ]);
    const tileSize = async (candidate: LoadedCandidate) =>
      candidate.kind === 'network' ? candidate.tileSizePx : 0;
    await chain.serve(chainRequest(), async (candidate) => {
      if (candidate.kind === 'network') {
        candidate.rememberTileSize(128);
        candidate.rememberTileSize(256);
      }
    });
    assert.equal((await chain.serve(chainRequest(), tileSize)).value, 128);
    assert.equal((await chain.serve(chainRequest({ tileSizePx: 64 }), tileSize)).value, 64);
    assert.equal((await chain.serve(chainRequest({ model: 'two' }), tileSize)).value, 512);
  });
});

describe('providers', () => {
  test('one that was asked for and cannot be used is told of, and is not what an answer is compared with', async () => {
    const { chain } = await rigOf(
      [
        { name: 'one', network: GOOD },
        { name: 'two', network: GOOD },
      ],
      {
        providers: [
          { provider: 'cuda', usable: false, detail: 'CUDA is not installed.' },
          { provider: 'cpu', usable: true, detail: 'proven' },
        ],
      },
    );
    const answer = await chain.serve(chainRequest({ fallback: false }), nameOf);
    assert.deepEqual(short(answer.attempts), ['one cuda skipped provider_unavailable', 'one cpu served']);
    assert.deepEqual([answer.provider, answer.fallback], ['cpu', false]);
  });

  test('on a GPU halves come first, then floats, then the same model on the CPU', async () => {
    const half = nearestNetwork({ type: 'float16', scale: 4 });
    const { chain, folder } = await rigOf(
      [
        { name: 'full', network: GOOD, changes: { halfTwin: 'half' } },
        { name: 'half', network: half, changes: { floatTwin: 'full' }, aside: true },
        {
          name: 'quick',
          network: nearestNetwork({ type: 'uint8', scale: 4 }),
          changes: { floatTwin: 'exact' },
        },
        { name: 'exact', network: GOOD, aside: true },
      ],
      {
        providers: [
          { provider: 'dml', usable: true, detail: 'the test says so' },
          { provider: 'cpu', usable: true, detail: 'proven' },
        ],
      },
    );
    // No such provider exists here, so each of its candidates fails to load: the fallback chain shows in the attempts.
    const everything = await chain.serve(chainRequest(), failOn('runtime_error', 'full', 'quick'));
    assert.deepEqual(short(everything.attempts), [
      'half dml failed provider_unavailable',
      'full dml failed provider_unavailable',
      'full cpu failed runtime_error',
      'exact dml failed provider_unavailable',
      'quick cpu failed runtime_error',
      'lanczos - served',
    ]);
    await rm(join(folder, 'half.onnx'));
    const without = await chain.serve(chainRequest(), nameOf);
    assert.deepEqual(short(without.attempts), ['full dml failed provider_unavailable', 'full cpu served']);
  });
});
