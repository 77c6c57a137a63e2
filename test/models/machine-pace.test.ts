import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CostModel } from '../../src/cost/cost-model.js';
import { chainOrder } from '../../src/models/chain-order.js';
import { ModelChain } from '../../src/models/fallback/chain.js';
import { loadManifest } from '../../src/models/manifest.js';
import { modelKey } from '../../src/models/model-key.js';
import { SessionPool } from '../../src/models/onnx/session-pool.js';
import { chainRequest, RecordingLog } from './chain-rig.js';
import { nameOf } from './chain-serving.js';
import { SHIPPED_MODELS } from './shipped-models.js';

const EMBEDDED = ['tessera-lite-x4', 'tessera-mini-x4'];

/** The embedded networks in the order of `MODEL_CHAIN`, and a way to say how fast the machine computes the larger one. */
async function embeddedChain(configured: readonly string[]) {
  const costs = new CostModel();
  const log = new RecordingLog();
  const entries = await loadManifest(SHIPPED_MODELS);
  const { models, ...paced } = chainOrder(configured, entries, false);
  const lite = entries.find(({ name }) => name === 'tessera-lite-x4');
  assert.ok(lite !== undefined);
  const setting = { entries, chain: models, ...paced };
  const pool = new SessionPool({ modelsFolder: SHIPPED_MODELS, threads: 1, idleMs: 60_000, costs, log });
  const providers = [{ provider: 'cpu', usable: true, detail: 'the test says so' }] as const;
  const chain = new ModelChain({ models: setting, providers, pool, costs, reload: async () => setting, log });
  const takes = (microsecondsPerPixel: number): void =>
    costs.recordSpeed(modelKey(lite), 'cpu', 1e6, microsecondsPerPixel * 1000);
  const order = (): (string | undefined)[] =>
    chain
      .status()
      .filter(({ chainPosition, name }) => chainPosition !== undefined && EMBEDDED.includes(name))
      .sort((a, b) => (a.chainPosition ?? 0) - (b.chainPosition ?? 0))
      .map(({ name }) => name);
  return { chain, takes, order };
}

test('on a machine that takes over 16 µs for a pixel of the larger embedded network, the smaller one serves first and is no fallback', async () => {
  const { chain, takes, order } = await embeddedChain(['auto']);
  try {
    assert.deepEqual(order(), EMBEDDED, 'before anything is measured');
    takes(17);
    const answer = await chain.serve(chainRequest(), nameOf);
    assert.deepEqual([answer.value, answer.fallback], ['tessera-mini-x4', false]);
    assert.deepEqual(order(), EMBEDDED.toReversed());
    const named = await chain.serve(chainRequest({ model: 'tessera-lite-x4' }), nameOf);
    assert.deepEqual([named.value, named.fallback], ['tessera-lite-x4', false]);
  } finally {
    await chain.close();
  }
});

test('a faster machine keeps the larger network first, and later load changes nothing', async () => {
  const { chain, takes, order } = await embeddedChain(['auto']);
  try {
    takes(15);
    assert.deepEqual(order(), EMBEDDED);
    for (let tile = 0; tile < 20; tile++) takes(60);
    assert.deepEqual(order(), EMBEDDED);
  } finally {
    await chain.close();
  }
});

test('networks that MODEL_CHAIN names keep its order', async () => {
  const { chain, takes, order } = await embeddedChain(EMBEDDED);
  try {
    takes(1000);
    assert.deepEqual(order(), EMBEDDED);
  } finally {
    await chain.close();
  }
});
