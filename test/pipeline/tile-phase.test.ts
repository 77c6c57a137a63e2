import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { addModel } from '../../src/models/custom/add-model.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import { type LoadedModel, openModel } from '../../src/models/onnx/session.js';
import { TileFailure, type TileModel } from '../../src/models/tile-model.js';
import { unshuffleNetwork, windowNetwork } from '../onnx-writer/phase-models.js';
import { install } from '../onnx-writer/test-models.js';
import { psnr } from '../quality/likeness.js';
import { detailed, rendered } from './rendering.js';
import { largestDifference, networkCandidate } from './stage.js';

for (const { what, network, overlapPx } of [
  { what: 'that un-shuffles pixels by 2', network: unshuffleNetwork(), overlapPx: 16 },
  { what: 'that un-shuffles pixels by 3', network: unshuffleNetwork(3), overlapPx: 20 },
  { what: 'with windows of 8, moved by half a window', network: windowNetwork(), overlapPx: 32 },
  { what: 'with windows of 6, moved by half a window', network: windowNetwork(undefined, 6), overlapPx: 24 },
])
  describe(`a network ${what}`, () => {
    let folder: string;
    let model: LoadedModel;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'tessera-phase-'));
      model = await openModel(await install(folder, 'phase', network), folder, 'cpu', { threads: 2 });
    });
    after(async () => {
      await model.release();
      await rm(folder, { recursive: true });
    });

    it('answers in tiles what it answers to the whole picture, for any size, tile and overlap', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 260 }),
          fc.integer({ min: 1, max: 260 }),
          fc.integer({ min: 56, max: 150 }),
          fc.integer({ min: overlapPx, max: overlapPx + 8 }),
          fc.boolean(),
          async (width, height, tileSizePx, overlap, isConstant) => {
            const image = await detailed(width, height);
            // A GPU's tiles are all of one shape.
            const provider = isConstant ? 'cuda' : 'cpu';
            const there: TileModel = { entry: model.entry, provider, run: (tile) => model.run(tile) };
            const tiled = await rendered(image, networkCandidate(there, { tileSizePx }), overlap);
            const whole = await rendered(image, networkCandidate(model, { tileSizePx: 400 }), overlap);
            assert.equal(whole.tiles, 1);
            assert.ok(tiled.data instanceof Uint8Array && whole.data instanceof Uint8Array);
            const difference = largestDifference(tiled.data, whole.data);
            assert.ok(difference <= 1 && psnr(tiled.data, whole.data) >= 60, `${difference}/255`);
          },
        ),
        { numRuns: 60 },
      );
    });

    it('answers to the inner of a picture what it answers to the bare picture', async () => {
      const image = await detailed(208, 160);
      const bare = await model.run(image);
      const { data } = await rendered(image, networkCandidate(model, { tileSizePx: 96 }), overlapPx);
      for (let y = 64; y < bare.height - 64; y += 1) {
        const row = (of: Uint8Array | Uint16Array) =>
          of.subarray((y * bare.width + 64) * 3, ((y + 1) * bare.width - 64) * 3);
        assert.ok(largestDifference(row(data) as Uint8Array, row(bare.data) as Uint8Array) <= 1);
      }
    });

    it('keeps to its grid where a region was computed in smaller tiles', async () => {
      const image = await detailed(231, 117);
      let runs = 0;
      const failing: TileModel = {
        entry: model.entry,
        provider: model.provider,
        run: (tile) => {
          runs += 1;
          if (runs === 1) throw new TileFailure('out_of_memory', 'Failed to allocate memory');
          return model.run(tile);
        },
      };
      const whole = await rendered(image, networkCandidate(model), overlapPx);
      const split = await rendered(image, networkCandidate(failing), overlapPx);
      assert.ok(split.tiles > whole.tiles);
      assert.ok(largestDifference(split.data as Uint8Array, whole.data as Uint8Array) <= 1);
    });
  });

describe('a network of one size, with windows inside of it', () => {
  it('answers at the overlap that adding it found what it answers to the whole picture', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tessera-phase-'));
    const models: LoadedModel[] = [];
    const opened = async (entry: ModelEntry) => {
      const model = await openModel(entry, folder, 'cpu', { threads: 2 });
      models.push(model);
      return model;
    };
    try {
      await writeFile(join(folder, 'manifest.json'), '{ "models": [] }');
      await writeFile(join(folder, 'given.onnx'), windowNetwork([64, 48]).bytes);
      const { entry } = await addModel(join(folder, 'given.onnx'), folder, { name: 'fixed' });
      const fixed = await opened(entry);
      const free = await opened(await install(folder, 'free', windowNetwork()));
      for (const [width, height] of [
        [150, 131],
        [97, 203],
        [20, 5],
      ] as const) {
        const image = await detailed(width, height);
        const tiled = await rendered(image, networkCandidate(fixed), entry.overlapPx);
        const whole = await rendered(image, networkCandidate(free), entry.overlapPx);
        assert.ok(largestDifference(tiled.data as Uint8Array, whole.data as Uint8Array) <= 1);
      }
    } finally {
      for (const model of models) await model.release();
      await rm(folder, { recursive: true });
    }
  });
});
