import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { innermostReason } from '../../src/models/failure.js';
import { openChain } from '../../src/models/fallback/open-chain.js';
import { loadManifest } from '../../src/models/manifest.js';
import { openModel } from '../../src/models/onnx/session.js';
import { compareWithCpu, goldenTile, looksUpscaled } from '../../src/models/providers/golden-tile.js';
import { probeElsewhere } from '../../src/models/providers/probe.js';
import { wantedProviders } from '../../src/models/providers/providers.js';
import { RecordingLog } from './chain-rig.js';
import { SHIPPED_MODELS, SHIPPED_NAMES } from './shipped-models.js';
import { repeated } from './tiles.js';

const CONFIG = {
  MODELS_DIR: SHIPPED_MODELS,
  MODEL_CHAIN: ['auto'],
  MODEL_IDLE_MINUTES: 1,
  EXECUTION_PROVIDERS: ['auto'],
};
const FOREIGN = process.platform === 'win32' ? 'coreml' : 'dml';

describe('the providers that are proven', () => {
  test('auto takes what is installed for the platform, the CPU last and WebGPU never', () => {
    const auto = (platform: NodeJS.Platform, cuda: boolean) =>
      wantedProviders(['auto'], platform, () => cuda);
    assert.deepEqual(auto('linux', false), ['cpu']);
    assert.deepEqual(auto('linux', true), ['cuda', 'cpu']);
    assert.deepEqual(auto('darwin', false), ['coreml', 'cpu']);
    assert.deepEqual(auto('win32', false), ['dml', 'cpu']);
  });

  test('a list is taken in its order, each once', () => {
    assert.deepEqual(
      wantedProviders(['webgpu', 'auto', 'cpu'], 'linux', () => true),
      ['webgpu', 'cuda', 'cpu'],
    );
  });
});

describe('the proof of a provider', () => {
  test('an answer that is the tile enlarged passes; noise, another size and another picture do not', () => {
    const right = repeated(goldenTile(), 4);
    assert.ok(looksUpscaled(right));
    assert.ok(!looksUpscaled({ ...right, data: right.data.slice().reverse() }));
    assert.ok(!looksUpscaled({ ...right, data: new Uint8Array(right.data.length).fill(90) }));
    assert.ok(!looksUpscaled({ ...right, data: right.data.map((value) => value * 0.8) }));
    assert.ok(!looksUpscaled({ ...right, width: right.width + 1 }));
  });

  test('each shipped network passes', async () => {
    for (const name of SHIPPED_NAMES) {
      const entry = (await loadManifest(SHIPPED_MODELS)).find((each) => each.name === name);
      assert.ok(entry);
      const model = await openModel(entry, SHIPPED_MODELS, 'cpu', { threads: 1 });
      try {
        assert.ok(looksUpscaled(await model.run(goldenTile())), name);
      } finally {
        await model.release();
      }
    }
  });

  test("another provider must give the CPU's answer, within rounding", async () => {
    const entry = (await loadManifest(SHIPPED_MODELS))[1];
    assert.ok(entry);
    const answer = repeated(goldenTile(), 4);
    const golden = { entry, answer };
    const off = (by: number) => Uint8Array.from(answer.data, (value, i) => value + (i % 2 === 0 ? by : -by));
    assert.deepEqual(compareWithCpu(answer.data, golden), {
      usable: true,
      detail: "A golden tile came back right (identical to the CPU's).",
    });
    assert.equal(compareWithCpu(off(1), golden).usable, true);
    const { usable, detail } = compareWithCpu(off(5), golden);
    assert.equal(usable, false);
    assert.match(detail, /wrong \(34 dB/);
    assert.equal(compareWithCpu(answer.data.subarray(3), golden).usable, false);
  });

  test('a provider is tried in a child process, which may crash or hang', async () => {
    const entry = (await loadManifest(SHIPPED_MODELS))[1];
    assert.ok(entry);
    const order = { entry, modelsFolder: SHIPPED_MODELS, provider: 'cpu' } as const;
    assert.equal((await probeElsewhere(order)).length, 128 * 128 * 3);
    await assert.rejects(probeElsewhere({ ...order, provider: FOREIGN }), /backend|provider|supported/i);
    await assert.rejects(probeElsewhere(order, 1), /no answer within/);
  });

  test('source positions of ONNX Runtime are removed from reasons', () => {
    assert.equal(
      innermostReason(
        new Error(
          '/onnxruntime_src/core/webgpu_context.cc:136 f(const X&)::<lambda()> status == S::Success was false. No adapter.\nmore',
        ),
      ),
      'No adapter.',
    );
  });
});

describe('opening the chain', () => {
  test('on a plain CPU it is proven, and the embedded model is loaded for the first image', async () => {
    const chain = await openChain(CONFIG, { threads: 1, log: new RecordingLog() });
    try {
      assert.deepEqual(chain.providers(), [
        { provider: 'cpu', usable: true, detail: 'A golden tile came back right.' },
      ]);
      const embedded = chain.status().find((status) => status.name === 'tessera-lite-x4');
      assert.equal(embedded?.loaded, true);
      assert.equal(embedded?.provider, 'cpu');
      assert.ok((embedded?.microsecondsPerPixel.cpu ?? 0) > 0);
      assert.deepEqual(
        chain.status().flatMap(({ name, loaded, family }) => (loaded && family !== 'lanczos' ? [name] : [])),
        ['tessera-lite-x4'],
      );
      const order = chain.status().filter((status) => status.chainPosition !== undefined);
      assert.deepEqual(
        order.sort((a, b) => (a.chainPosition ?? 0) - (b.chainPosition ?? 0)).map((status) => status.name),
        [
          'realesr-general-x4v3',
          'swin2sr-classical-x2',
          'swin2sr-lightweight-x2',
          'tessera-lite-x4',
          'tessera-mini-x4',
          'lanczos',
        ],
      );
    } finally {
      await chain.close();
    }
  });

  test('configured providers that cannot be used say why, and the CPU serves only if it is listed', async () => {
    const log = new RecordingLog();
    const chain = await openChain({ ...CONFIG, EXECUTION_PROVIDERS: [FOREIGN] }, { threads: 1, log });
    try {
      assert.equal(chain.providers().length, 1);
      assert.equal(chain.providers()[0]?.usable, false);
      assert.match(chain.providers()[0]?.detail ?? '', /exists on .* only/);
      assert.equal(log.count('provider not usable'), 1);
      const embedded = chain.status().find((status) => status.name === 'tessera-lite-x4');
      assert.equal(embedded?.unavailable, 'No execution provider is usable.');
    } finally {
      await chain.close();
    }
  });

  test('names in MODEL_CHAIN that no manifest knows are told of and left out', async () => {
    const log = new RecordingLog();
    const chain = await openChain(
      { ...CONFIG, MODEL_CHAIN: ['imaginary', 'tessera-lite-x4', 'lanczos'] },
      { threads: 1, log },
    );
    try {
      assert.equal(log.count('MODEL_CHAIN names models that no manifest knows'), 1);
      assert.equal(chain.status().find((status) => status.name === 'tessera-lite-x4')?.chainPosition, 1);
    } finally {
      await chain.close();
    }
  });
});
