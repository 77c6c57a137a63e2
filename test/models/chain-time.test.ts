import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CostModel } from '../../src/cost/cost-model.js';
import { TesseraError } from '../../src/domain/errors.js';
import type { Attempt } from '../../src/domain/types.js';
import { monotonicMs } from '../../src/host/clock.js';
import { chainOrder } from '../../src/models/chain-order.js';
import { ModelChain } from '../../src/models/fallback/chain.js';
import type { LoadedCandidate } from '../../src/models/fallback/loaded-candidate.js';
import { loadManifest } from '../../src/models/manifest.js';
import { modelKey } from '../../src/models/model-key.js';
import { SessionPool } from '../../src/models/onnx/session-pool.js';
import { nanNetwork, nearestNetwork } from '../onnx-writer/test-models.js';
import { chainRequest, RecordingLog } from './chain-rig.js';
import { GOOD, nameOf, rigOf, short } from './chain-serving.js';
import { SHIPPED_MODELS } from './shipped-models.js';

describe('time', () => {
  test('a candidate that was at work when it was over stands among the attempts', async () => {
    const { chain } = await rigOf([{ name: 'one', network: GOOD }]);
    const told: Attempt[] = [];
    const late = new TesseraError('deadline_exceeded', 'Late.');
    await assert.rejects(
      chain.serve(chainRequest({ onAttempt: (attempt) => told.push(attempt) }), async () => {
        throw late;
      }),
      (thrown: unknown) => thrown === late,
    );
    assert.deepEqual(short(told), ['one cpu failed over_time_budget']);
  });

  const slow = 10_000; // microseconds per pixel: the 64×48 image takes about 57 s

  test('a candidate that does not fit into the time left is skipped, and says so', async () => {
    const { chain, costs, log, key } = await rigOf([
      { name: 'slow', network: GOOD },
      { name: 'fast', network: GOOD },
    ]);
    costs.recordSpeed(key('slow'), 'cpu', 1e6, slow * 1000);
    const answer = await chain.serve(chainRequest({ deadlineAtMs: monotonicMs() + 20_000 }), nameOf);
    assert.deepEqual([answer.value, answer.fallback], ['fast', true]);
    assert.match(answer.attempts[0]?.detail ?? '', /about \d+ s, and 1\d s are left/);
    assert.equal(answer.attempts[0]?.reason, 'over_time_budget');
    assert.equal(log.count('model loaded'), 1, 'the slow one was not even loaded');
    assert.equal((await chain.serve(chainRequest(), nameOf)).value, 'slow');
  });

  test('what the larger embedded network has no time for the smaller one serves, and Lanczos what is left', async () => {
    const costs = new CostModel();
    const log = new RecordingLog();
    const entries = await loadManifest(SHIPPED_MODELS);
    const embedded = chainOrder(['auto'], entries, false).models.filter(({ family }) => family === 'tessera');
    const lite = entries.find(({ name }) => name === 'tessera-lite-x4');
    assert.ok(lite !== undefined);
    const models = { entries, chain: embedded };
    const pool = new SessionPool({ modelsFolder: SHIPPED_MODELS, threads: 1, idleMs: 60_000, costs, log });
    const providers = [{ provider: 'cpu', usable: true, detail: 'the test says so' }] as const;
    const chain = new ModelChain({ models, providers, pool, costs, reload: async () => models, log });
    const hurried = () => chainRequest({ deadlineAtMs: monotonicMs() + 20_000 });
    try {
      costs.recordSpeed(modelKey(lite), 'cpu', 1e6, slow * 1000);
      const answer = await chain.serve(hurried(), nameOf);
      assert.deepEqual([answer.value, answer.fallback], ['tessera-mini-x4', true]);
      assert.deepEqual(short(answer.attempts), [
        'tessera-lite-x4 cpu skipped over_time_budget',
        'tessera-mini-x4 cpu served',
      ]);
      const late = chainRequest({ deadlineAtMs: monotonicMs() });
      assert.equal((await chain.serve(late, nameOf)).value, 'lanczos');
      const named = await chain.serve(chainRequest({ model: 'tessera-mini-x4', sixteenBit: true }), nameOf);
      assert.deepEqual([named.value, named.fallback], ['tessera-mini-x4-f32', false]);
    } finally {
      await chain.close();
    }
  });

  test('alpha is computed too: a transparent image takes twice the time, and is judged by that', async () => {
    const { chain, costs, key } = await rigOf([{ name: 'slow', network: GOOD }]);
    costs.recordSpeed(key('slow'), 'cpu', 1e6, slow * 1000);
    const estimate = async (rasters: 1 | 2) =>
      (await chain.plan(chainRequest({ rasters })))[0]?.estimatedSeconds ?? 0;
    const opaque = await estimate(1);
    assert.ok(opaque > 0);
    assert.equal(await estimate(2), 2 * opaque);
    const tight = (rasters: 1 | 2) =>
      chain.serve(chainRequest({ rasters, deadlineAtMs: monotonicMs() + 1500 * opaque }), nameOf);
    assert.equal((await tight(1)).value, 'slow');
    assert.equal((await tight(2)).value, 'lanczos');
  });

  test('what is left to do after the tiles counts as well', async () => {
    const { chain, costs, key } = await rigOf([{ name: 'slow', network: GOOD }]);
    costs.recordSpeed(key('slow'), 'cpu', 1e6, slow * 1000);
    const finishing = { networkMs: 60_000, lanczosMs: 0 };
    const request = () => chainRequest({ deadlineAtMs: monotonicMs() + 100_000 });
    assert.equal((await chain.serve(request(), nameOf)).value, 'slow');
    assert.equal((await chain.serve({ ...request(), finishing }, nameOf)).value, 'lanczos');
  });

  test('requests at work count: what fits alone may not fit beside others', async () => {
    const { chain, costs, key } = await rigOf([{ name: 'slow', network: GOOD }]);
    costs.recordSpeed(key('slow'), 'cpu', 1e6, slow * 1000);
    const request = () => chainRequest({ deadlineAtMs: monotonicMs() + 100_000 });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let begun = (): void => undefined;
    const started = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const first = chain.serve(request(), async (candidate) => {
      begun();
      await held;
      return nameOf(candidate);
    });
    await started;
    assert.equal((await chain.serve(request(), nameOf)).value, 'lanczos');
    release();
    assert.equal((await first).value, 'slow');
    assert.equal((await chain.serve(request(), nameOf)).value, 'slow');
  });

  test('requests that are nearly done count for no more than what they have left', async () => {
    const { chain, costs, key } = await rigOf([{ name: 'slow', network: GOOD }]);
    costs.recordSpeed(key('slow'), 'cpu', 1e6, slow * 1000);
    const request = () => chainRequest({ deadlineAtMs: monotonicMs() + 100_000 });
    const outer = await chain.serve(request(), async (candidate) => {
      // All but a moment of its work is done, at the speed that is known.
      if (candidate.kind === 'network') candidate.recordSpeed(5600, 56_000);
      return (await chain.serve(request(), nameOf)).value;
    });
    assert.equal(outer.value, 'slow');
  });

  test('an ×2 model reaches ×4 by two passes', async () => {
    const { chain } = await rigOf([{ name: 'double', network: nearestNetwork({ scale: 2 }) }]);
    const passes = async (candidate: LoadedCandidate) =>
      candidate.kind === 'network' ? candidate.passes : 0;
    assert.equal((await chain.serve(chainRequest({ scale: 2 }), passes)).value, 1);
    assert.equal((await chain.serve(chainRequest({ scale: 4 }), passes)).value, 2);
  });

  test('an ×2 model takes one pass where there is no time for two', async () => {
    const { chain, costs, key } = await rigOf([{ name: 'double', network: nearestNetwork({ scale: 2 }) }]);
    const passes = async (candidate: LoadedCandidate) =>
      candidate.kind === 'network' ? candidate.passes : 0;
    // One pass takes about 57 s, two 250 s.
    costs.recordSpeed(key('double'), 'cpu', 1e6, slow * 1000);
    const tight = chainRequest({ scale: 4, deadlineAtMs: monotonicMs() + 140_000 });
    assert.equal((await chain.serve(tight, passes)).value, 1);
  });

  test('a first speed is measured when the model is loaded, and follows what is recorded', async () => {
    const { chain } = await rigOf([{ name: 'one', network: GOOD }]);
    const speeds = await chain.serve(chainRequest(), async (candidate) => {
      if (candidate.kind !== 'network') return [];
      const first = candidate.microsecondsPerPixel ?? 0;
      for (let i = 0; i < 40; i++) candidate.recordSpeed(256 * 256, 6553.6);
      return [first, candidate.microsecondsPerPixel ?? 0];
    });
    assert.ok((speeds.value[0] ?? 0) > 0);
    assert.ok(Math.abs((speeds.value[1] ?? 0) - 100) < 1);
    const status = chain.status().find((each) => each.name === 'one');
    assert.ok(Math.abs((status?.microsecondsPerPixel.cpu ?? 0) - 100) < 1);
  });
});

describe('a dry run', () => {
  test('names the candidate that would serve, with estimate and reasons, and computes nothing of the image', async () => {
    const { chain, costs, key } = await rigOf([
      { name: 'absent', network: GOOD, missing: true },
      { name: 'slow', network: GOOD },
      { name: 'nan', network: nanNetwork() },
      { name: 'good', network: GOOD },
      { name: 'spare', network: GOOD },
    ]);
    costs.recordSpeed(key('slow'), 'cpu', 1e6, 1e7);
    const steps = await chain.plan(chainRequest({ deadlineAtMs: monotonicMs() + 20_000 }));
    assert.deepEqual(
      steps.map((step) => [step.model, step.provider, step.serves, step.skipReason]),
      [
        ['absent', undefined, false, 'not_installed'],
        ['slow', 'cpu', false, 'over_time_budget'],
        ['nan', 'cpu', false, 'invalid_output'],
        ['good', 'cpu', true, undefined],
        ['spare', 'cpu', false, undefined],
        ['lanczos', undefined, false, undefined],
      ],
    );
    assert.ok((steps[3]?.estimatedSeconds ?? 0) > 0);
    assert.equal(steps[4]?.estimatedSeconds, undefined);
    const served = await chain.serve(chainRequest({ deadlineAtMs: monotonicMs() + 20_000 }), nameOf);
    assert.equal(served.value, 'good');
    await assert.rejects(
      chain.plan(chainRequest({ deadlineAtMs: monotonicMs() + 20_000, fallback: false })),
      /slow could not serve this image, and fallback=false/,
    );
    const first = await chain.plan(chainRequest({ fallback: false }));
    assert.deepEqual(
      first.map((step) => [step.model, step.serves]),
      [
        ['absent', false],
        ['slow', true],
      ],
    );
  });
});
