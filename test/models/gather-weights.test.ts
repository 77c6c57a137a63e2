import assert from 'node:assert/strict';
import { mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { addModel } from '../../src/models/custom/add-model.js';
import { UnfitModel } from '../../src/models/failure.js';
import type { Constant } from '../onnx-writer/onnx.js';
import { externalNetwork, nearestNetwork } from '../onnx-writer/test-models.js';
import { ownModels } from './own-models-rig.js';

const WEIGHT = 0.02;
const BYTES = Buffer.from(Float32Array.of(WEIGHT).buffer);
const OTHERS = Buffer.from('not the weight, ');

describe('a network with external weights', () => {
  const { home, fileOf } = ownModels();

  /** Writes a file below the network's folder. */
  async function beside(path: string, ...bytes: Uint8Array[]): Promise<void> {
    await mkdir(dirname(join(home.path, path)), { recursive: true });
    await writeFile(join(home.path, path), Buffer.concat(bytes));
  }

  async function refused(where: Pick<Constant, 'location' | 'span'>, message: RegExp): Promise<void> {
    await assert.rejects(addModel(await fileOf(externalNetwork(where)), home.models), (error: unknown) => {
      assert.ok(error instanceof UnfitModel, String(error));
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(await readdir(home.models), ['manifest.json']);
  }

  for (const place of ['initializer', 'node', 'body'] as const)
    test(`becomes one file, as if it had been saved so; named in the ${place}`, async () => {
      await beside('deep/er/weights.bin', OTHERS, BYTES, OTHERS);
      const location = 'deep/er/weights.bin';
      const network = externalNetwork({ location, span: [OTHERS.length, BYTES.length] }, place);
      const {
        entry: { file },
      } = await addModel(await fileOf(network), home.models);
      const copy = await readFile(join(home.models, file));
      assert.ok(copy.equals(externalNetwork(WEIGHT, place).bytes));
      assert.deepEqual((await readdir(home.models)).sort(), ['custom.json', 'manifest.json', file]);
    });

  test('may have them in several files, whole or from an offset', async () => {
    await beside('network.onnx.data', BYTES);
    await beside('more', OTHERS, BYTES);
    const weight = (name: string, where: object): Constant => ({
      name,
      type: 'float32',
      dims: [1],
      values: [WEIGHT],
      ...where,
    });
    const sum = (one: object, other: object) =>
      nearestNetwork({
        before: {
          nodes: [
            { op: 'Add', inputs: ['x', 'a'], outputs: ['more'] },
            { op: 'Sub', inputs: ['more', 'b'], outputs: ['y'] },
          ],
          constants: [weight('a', one), weight('b', other)],
        },
      });
    const apart = sum({ location: 'network.onnx.data' }, { location: './more', span: [OTHERS.length] });
    const {
      entry: { file },
    } = await addModel(await fileOf(apart), home.models);
    assert.ok((await readFile(join(home.models, file))).equals(sum({}, {}).bytes));
  });

  test('is refused when they are outside of its folder', async () => {
    await beside('outside.bin', BYTES);
    await mkdir(join(home.path, 'inside'));
    const outside = join(home.path, 'outside.bin');
    for (const location of ['../outside.bin', outside, 'deep/../../outside.bin', 'C:\\weights.bin', 'w\n'])
      await assert.rejects(
        addModel(await fileOf(externalNetwork({ location }), 'inside/network.onnx'), home.models),
        /Only files in the folder of the network, or below it, are read/,
      );
    await symlink(outside, join(home.path, 'inside/link'));
    await assert.rejects(
      addModel(await fileOf(externalNetwork({ location: 'link' }), 'inside/network.onnx'), home.models),
      /Only files in the folder of the network/,
    );
    assert.deepEqual(await readdir(home.models), ['manifest.json']);
  });

  test('may be a link beside links, as download caches make them', async () => {
    await beside('blobs/1', externalNetwork({ location: 'model.onnx.data' }).bytes);
    await beside('blobs/2', BYTES);
    await mkdir(join(home.path, 'snapshot'));
    await symlink('../blobs/1', join(home.path, 'snapshot/model.onnx'));
    await symlink('../blobs/2', join(home.path, 'snapshot/model.onnx.data'));
    await addModel(join(home.path, 'snapshot/model.onnx'), home.models);
  });

  test('is refused naming the file that is missing, cut off, or no file', async () => {
    await refused(
      { location: 'network.onnx.data' },
      /weights are in another file, network\.onnx\.data, and that is not there\. Put it into .*, under that name/,
    );
    await beside('short', BYTES.subarray(0, 3));
    await refused(
      { location: 'short', span: [0, 4] },
      /short, which is cut off.*has 3 bytes .* 4 are needed/,
    );
    await refused({ location: 'models' }, /should be in models, but that is no file/);
    await refused({ location: '' }, /not in which/);
    await beside('weird', BYTES);
    for (const span of [
      [-4, 4],
      [Number.NaN, 4],
      [0.5, 4],
      [0, -1],
    ] as const)
      await refused({ location: 'weird', span }, /in no usable way where in weird/);
  });

  test('is refused when it is too large for one file', async () => {
    const sparse = await open(join(home.path, 'huge'), 'w');
    await sparse.truncate(2 ** 31);
    await sparse.close();
    await refused({ location: 'huge' }, /larger than 2 GB/);
  });
});
