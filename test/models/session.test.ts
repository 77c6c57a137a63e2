import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ModelLoadError } from '../../src/models/failure.js';
import { loadManifest } from '../../src/models/manifest.js';
import { type ModelEntry, SAMPLE_RANGES } from '../../src/models/manifest-entry.js';
import { type LoadedModel, openModel } from '../../src/models/onnx/session.js';
import { TileFailure } from '../../src/models/tile-model.js';
import type { Raster } from '../../src/tiling/raster.js';
import {
  blackNetwork,
  install,
  memoryEaterNetwork,
  nanNetwork,
  nearestNetwork,
  swin2srContractNetwork,
  type TestNetwork,
} from '../onnx-writer/test-models.js';
import { psnr } from '../quality/likeness.js';
import { SHIPPED_MODELS } from './shipped-models.js';
import { gradientTile, repeated } from './tiles.js';

let folder: string;
const opened: LoadedModel[] = [];
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-session-'));
});
after(async () => {
  for (const model of opened) await model.release();
  await rm(folder, { recursive: true });
});

async function open(entry: ModelEntry, from = folder): Promise<LoadedModel> {
  const model = await openModel(entry, from, 'cpu', { threads: 2 });
  opened.push(model);
  return model;
}

let installed = 0;
async function openNetwork(network: TestNetwork, changes: Partial<ModelEntry> = {}): Promise<LoadedModel> {
  installed += 1;
  return open(await install(folder, `network-${installed}`, network, changes));
}

async function embedded(name: string): Promise<LoadedModel> {
  const entry = (await loadManifest(SHIPPED_MODELS)).find((each) => each.name === name);
  assert.ok(entry);
  return open(entry, SHIPPED_MODELS);
}

const fails = (reason: TileFailure['reason'], message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TileFailure, String(error));
  assert.equal(error.reason, reason);
  assert.match(error.message, message);
  return true;
};
const refuses = (reason: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ModelLoadError, String(error));
  assert.equal(error.reason, reason);
  assert.match(error.message, message);
  return true;
};

describe('a tile through a model', () => {
  for (const type of ['float32', 'float16', 'uint8'] as const)
    for (const layout of ['nchw', 'nhwc'] as const)
      for (const range of type === 'uint8' ? ([255] as const) : SAMPLE_RANGES)
        test(`${type} ${layout} with range ${range} gives every 8-bit value back`, async () => {
          const model = await openNetwork(nearestNetwork({ type, layout, range }));
          const tile = gradientTile(31, 17, Uint8Array);
          assert.deepEqual(await model.run(tile), repeated(tile, 2));
          // The second run takes the reused buffers.
          const other = gradientTile(31, 17, Uint8Array, 7);
          assert.deepEqual(await model.run(other), repeated(other, 2));
        });

  test('16 bits stay 16 bits in float32', async () => {
    const model = await openNetwork(nearestNetwork());
    const tile = gradientTile(40, 30, Uint16Array);
    const upscaled = await model.run(tile);
    assert.ok(upscaled.data instanceof Uint16Array);
    assert.deepEqual(upscaled, repeated(tile, 2));
  });

  test('a uint8 model refuses 16 bits', async () => {
    const model = await openNetwork(nearestNetwork({ type: 'uint8', layout: 'nhwc' }));
    await assert.rejects(model.run(gradientTile(8, 8, Uint16Array)), fails('runtime_error', /8 bits/));
  });

  test('a uint8 interleaved tile that is a view of a larger buffer is read in its place', async () => {
    const model = await openNetwork(nearestNetwork({ type: 'uint8', layout: 'nhwc' }));
    const tile = gradientTile(9, 5, Uint8Array);
    const larger = new Uint8Array(tile.data.length + 50);
    larger.set(tile.data, 13);
    const view: Raster<3> = { ...tile, data: larger.subarray(13, 13 + tile.data.length) };
    assert.deepEqual(await model.run(view), repeated(tile, 2));
  });

  test('earlier answers stay as they were when the next tile is computed', async () => {
    for (const type of ['float32', 'uint8'] as const) {
      const model = await openNetwork(nearestNetwork({ type, layout: 'nhwc' }));
      const tile = gradientTile(16, 16, Uint8Array);
      const first = await model.run(tile);
      await model.run(gradientTile(16, 16, Uint8Array, 99));
      assert.deepEqual(first, repeated(tile, 2));
    }
  });

  test('tiles asked for at once do not mix', async () => {
    const model = await openNetwork(nearestNetwork());
    const tiles = [1, 50, 120, 200].map((seed) => gradientTile(20, 20, Uint8Array, seed));
    assert.deepEqual(
      await Promise.all(tiles.map((tile) => model.run(tile))),
      tiles.map((tile) => repeated(tile, 2)),
    );
  });

  test("Swin2SR's contract: sizes that are no multiple of 8 are padded and cropped, down to one pixel", async () => {
    const model = await openNetwork(swin2srContractNetwork());
    for (const [width, height] of [
      [8, 8],
      [13, 22],
      [1, 1],
      [3, 40],
    ] as const) {
      const tile = gradientTile(width, height, Uint8Array);
      assert.deepEqual(await model.run(tile), repeated(tile, 2));
    }
  });

  test('a fixed-size file is recognised by itself; smaller tiles are padded, larger ones refused', async () => {
    const model = await openNetwork(nearestNetwork({ fixed: [48, 32] }));
    assert.deepEqual(model.entry.sizeRequirements.fixed, [48, 32]);
    const tile = gradientTile(20, 31, Uint8Array);
    assert.deepEqual(await model.run(tile), repeated(tile, 2));
    await assert.rejects(
      model.run(gradientTile(49, 32, Uint8Array)),
      fails('runtime_error', /at most 48×32/),
    );
  });

  test('values beyond the range are clamped, not wrapped', async () => {
    const model = await openNetwork(nearestNetwork({ range: 1 }), { range: 255 });
    // Written as 0..255 and read as 0..1: whatever is above 1 in the tensor saturates when the entry lies the other way.
    const liar = await openNetwork(nearestNetwork(), { range: 1 });
    const tile = gradientTile(8, 8, Uint8Array);
    assert.deepEqual(await model.run(tile), await liar.run(tile));
    const bright = await openNetwork({
      ...nearestNetwork({
        before: {
          nodes: [
            { op: 'Mul', inputs: ['x', 'two'], outputs: ['d'] },
            { op: 'Sub', inputs: ['d', 'half'], outputs: ['y'] },
          ],
          constants: [
            { name: 'two', type: 'float32', dims: [1], values: [2] },
            { name: 'half', type: 'float32', dims: [1], values: [0.5] },
          ],
        },
      }),
    });
    const { data } = await bright.run({
      data: Uint8Array.from([0, 64, 128, 192, 255, 96]),
      width: 2,
      height: 1,
      channels: 3,
    });
    assert.deepEqual([...data.subarray(0, 3)], [0, 1, 129]);
    assert.deepEqual([...data.subarray(6, 9)], [255, 255, 65]);
  });

  test('NaN is an invalid output', async () => {
    const model = await openNetwork(nanNetwork());
    await assert.rejects(model.run(gradientTile(8, 8, Uint8Array)), fails('invalid_output', /not finite/));
  });

  test('one flat colour is invalid for a tile with contrast, and right for one without', async () => {
    const model = await openNetwork(blackNetwork());
    await assert.rejects(model.run(gradientTile(32, 32, Uint8Array)), fails('invalid_output', /flat colour/));
    const flat = { data: new Uint8Array(8 * 8 * 3).fill(10), width: 8, height: 8, channels: 3 } as const;
    assert.equal((await model.run(flat)).data.length, 32 * 32 * 3);
  });

  test('another scale than the entry promises is an invalid output', async () => {
    const model = await openNetwork(nearestNetwork({ scale: 4, trueScale: 3 }));
    await assert.rejects(
      model.run(gradientTile(8, 8, Uint8Array)),
      fails('invalid_output', /1×3×32×32 was expected/),
    );
  });

  test('a tile that no memory can hold is out of memory, and a smaller one still works', async () => {
    // 2^40 copies of 12 bytes for each pixel cannot even be addressed.
    const model = await openNetwork(memoryEaterNetwork(2 ** 40));
    await assert.rejects(model.run(gradientTile(8, 8, Uint8Array)), fails('out_of_memory', /memory/));
    const modest = await openNetwork(memoryEaterNetwork(4));
    const tile = gradientTile(8, 8, Uint8Array);
    assert.deepEqual(await modest.run(tile), repeated(tile, 4));
  });
});

describe('loading a model', () => {
  test('a missing file is not installed', async () => {
    const entry = await install(folder, 'gone', nearestNetwork());
    await rm(join(folder, entry.file));
    await assert.rejects(openModel(entry, folder, 'cpu', { threads: 1 }), refuses('not_installed', /gone/));
  });

  test('a truncated file and one with other bytes are corrupt', async () => {
    const network = nearestNetwork();
    const entry = await install(folder, 'truncated', network);
    await writeFile(join(folder, entry.file), network.bytes.subarray(0, 100));
    await assert.rejects(open(entry), refuses('corrupt_model', /100 bytes instead of/));
    await writeFile(join(folder, entry.file), network.bytes.slice().fill(1, 50));
    await assert.rejects(open(entry), refuses('corrupt_model', /sha256/));
  });

  test('a truncated file whose entry was written after it is corrupt', async () => {
    const network = nearestNetwork();
    await assert.rejects(
      openNetwork({ ...network, bytes: network.bytes.subarray(0, network.bytes.length - 40) }),
      refuses('corrupt_model', /not a model/),
    );
  });

  for (const [what, changes, message] of [
    ['input name', { input: 'picture' }, /no input "picture" but "input"/],
    ['output name', { output: 'picture' }, /no output "picture" but "output"/],
    ['type', { dtype: 'float16' }, /input type float32, not float16/],
    ['layout', { layout: 'nhwc' }, /not nhwc with three channels/],
  ] as const)
    test(`an entry with a wrong ${what} is refused in words`, async () => {
      await assert.rejects(openNetwork(nearestNetwork(), changes), refuses('corrupt_model', message));
    });

  test('a provider that this platform lacks is never replaced by the CPU', async () => {
    const entry = await install(folder, 'elsewhere', nearestNetwork());
    const foreign = process.platform === 'win32' ? 'coreml' : 'dml';
    await assert.rejects(
      openModel(entry, folder, foreign, { threads: 1 }),
      refuses('provider_unavailable', new RegExp(`elsewhere could not be loaded on ${foreign}`)),
    );
  });
});

describe('the embedded models', () => {
  for (const name of ['tessera-lite-x4', 'tessera-mini-x4'])
    test(`${name}: int8 and its float32 twin agree, and 16 bits carry more than 8`, async () => {
      const quick = await embedded(name);
      const exact = await embedded(`${name}-f32`);
      const tile = gradientTile(64, 48, Uint8Array);
      const fromInt8 = await quick.run(tile);
      const fromFloat = await exact.run(tile);
      assert.equal(fromInt8.width, 256);
      assert.equal(fromInt8.height, 192);
      assert.ok(psnr(fromInt8.data, fromFloat.data) > 30, `PSNR ${psnr(fromInt8.data, fromFloat.data)}`);
      const deep: Raster<3> = { ...tile, data: Uint16Array.from(tile.data, (value) => value * 257) };
      const fromDeep = await exact.run(deep);
      const rounded = {
        ...fromDeep,
        data: Uint8Array.from(fromDeep.data, (value) => Math.round(value / 257)),
      };
      assert.ok(psnr(rounded.data, fromFloat.data) > 60);
      assert.ok(new Set(fromDeep.data).size > 500);
    });
});
