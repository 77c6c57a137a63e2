import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CostModel } from '../../src/cost/cost-model.js';
import { monotonicMs } from '../../src/host/clock.js';
import { SecondLook } from '../../src/models/fallback/second-look.js';
import { SessionPool } from '../../src/models/onnx/session-pool.js';
import { slowNetwork } from '../onnx-writer/test-models.js';
import { chainRequest, type Rig } from './chain-rig.js';
import { GOOD, nameOf, rigOf } from './chain-serving.js';

/** What a busy machine made of the first tile: 64 x 48 pixels would take more than half a minute. */
const BAD_US = 10_000;
const MEASURED_AGAIN = 'model measured again';

const never = new AbortController().signal;
const hurried = () => chainRequest({ deadlineAtMs: monotonicMs() + 20_000 });

/** Costs with a bad measurement, and a clock that the test moves. */
function badCosts(): { costs(key: Rig['key']): CostModel; passSeconds(seconds: number): void } {
  let nowMs = 0;
  return {
    costs: (key) => {
      const costs = new CostModel(undefined, undefined, undefined, () => nowMs);
      costs.recordSpeed(key('net'), 'cpu', 1e6, BAD_US * 1000);
      return costs;
    },
    passSeconds: (seconds) => {
      nowMs += seconds * 1000;
    },
  };
}

describe('a network that was skipped by a bad measurement of its speed', () => {
  test('is measured again while nothing else is to be done, and serves the next image', async () => {
    const { chain, costs, key } = await rigOf([{ name: 'net', network: GOOD }]);
    costs.recordSpeed(key('net'), 'cpu', 1e6, BAD_US * 1000);
    assert.equal((await chain.serve(hurried(), nameOf)).value, 'lanczos');
    assert.equal(await chain.measureSkipped(never), true);
    assert.equal((await chain.serve(hurried(), nameOf)).value, 'net');
    assert.ok((costs.speed(key('net'), 'cpu') ?? BAD_US) < BAD_US / 10);
  });

  test('is not measured while a job is inside, nor when it was never skipped', async () => {
    const { chain, costs, key, log } = await rigOf([{ name: 'net', network: GOOD }]);
    costs.recordSpeed(key('net'), 'cpu', 1e6, BAD_US * 1000);
    assert.equal(await chain.measureSkipped(never), false);
    await chain.serve(hurried(), nameOf);
    assert.equal(await chain.measureSkipped(AbortSignal.abort()), false);
    assert.equal(log.count('model loaded'), 0);
    assert.equal(await chain.measureSkipped(never), true);
  });

  test('is measured by the request itself once the measurement is old', async () => {
    const { costs, passSeconds } = badCosts();
    const { chain, log } = await rigOf([{ name: 'net', network: GOOD }], { costs });
    passSeconds(30);
    assert.equal((await chain.serve(hurried(), nameOf)).value, 'lanczos');
    passSeconds(60);
    const answer = await chain.serve(hurried(), nameOf);
    assert.deepEqual([answer.value, answer.fallback], ['net', false]);
    assert.equal(log.count(MEASURED_AGAIN), 1);
  });

  test('is not measured by a request that has little time left, which Lanczos has to serve', async () => {
    const { costs, passSeconds } = badCosts();
    const { chain, log } = await rigOf([{ name: 'net', network: GOOD }], { costs });
    passSeconds(90);
    assert.equal(
      (await chain.serve(chainRequest({ deadlineAtMs: monotonicMs() + 5000 }), nameOf)).value,
      'lanczos',
    );
    assert.equal(log.count('model loaded'), 0);
  });

  test('is left to a request where this process never ran it: an earlier one may have died of it', async () => {
    const costs = (key: Rig['key']) => new CostModel(badCosts().costs(key).learnt);
    const { chain, log } = await rigOf([{ name: 'net', network: GOOD }], { costs });
    await chain.serve(chainRequest({ deadlineAtMs: monotonicMs() + 5000 }), nameOf);
    assert.equal(await chain.measureSkipped(never), false);
    assert.equal(log.count('model loaded'), 0);
  });

  test('is measured by the first request of a new engine, whose predecessor left the bad speed', async () => {
    const costs = (key: Rig['key']) => new CostModel(badCosts().costs(key).learnt);
    const { chain } = await rigOf([{ name: 'net', network: GOOD }], { costs });
    assert.equal((await chain.serve(hurried(), nameOf)).value, 'net');
  });
});

describe('a network that is as slow as it is known', () => {
  test('is looked at more and more rarely, and its speed stays', async () => {
    let nowMs = 0;
    const costs = new CostModel(undefined, undefined, undefined, () => nowMs);
    const { entries, folder, log, key } = await rigOf([{ name: 'net', network: slowNetwork(200) }], {
      costs,
    });
    const [entry] = entries;
    assert.ok(entry);
    const pool = new SessionPool({ modelsFolder: folder, threads: 1, idleMs: 60_000, costs, log });
    // Far below what the network takes: whatever is measured says nothing new.
    costs.recordSpeed(key('net'), 'cpu', 1e6, 1);
    const look = new SecondLook({ pool, costs, log });
    const step = { kind: 'network', entry, asked: entry, provider: 'cpu' } as const;
    const looks: number[] = [];
    for (let minute = 0; minute < 16; minute++) {
      look.note(step);
      if (await look.measureSkipped(never)) looks.push(minute);
      nowMs += 60_000;
    }
    assert.deepEqual(looks, [0, 1, 3, 7, 15]);
    // But for what loading measured, which counts as any small tile does.
    assert.ok((costs.speed(key('net'), 'cpu') ?? 1) < 0.002);
    await pool.close();
  });
});
