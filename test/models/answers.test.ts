import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { addModel } from '../../src/models/custom/add-model.js';
import { UnfitModel } from '../../src/models/failure.js';
import { isInFloat32 } from '../../src/models/manifest-entry.js';
import { type LoadedModel, openModel } from '../../src/models/onnx/session.js';
import { TileFailure } from '../../src/models/tile-model.js';
import type { Node, Value } from '../onnx-writer/onnx.js';
import { nearestNetwork, type TestNetwork } from '../onnx-writer/test-models.js';
import { ownModels } from './own-models-rig.js';
import { gradientTile, repeated } from './tiles.js';

/** `TensorProto.DataType`. */
const TYPE = { float32: 1, uint8: 2, float16: 10 } as const;

/** Casts "x", and multiplies by a number on the way, in float32. */
function casting(to: keyof typeof TYPE, factor: number): NonNullable<Parameters<typeof nearestNetwork>[0]> {
  const cast = (from: string, into: string, type: number): Node => ({
    op: 'Cast',
    inputs: [from],
    outputs: [into],
    attributes: { to: type },
  });
  return {
    outputType: to,
    before: {
      nodes: [
        cast('x', 'float', TYPE.float32),
        { op: 'Mul', inputs: ['float', 'factor'], outputs: ['scaled'] },
        { op: 'Round', inputs: ['scaled'], outputs: ['whole'] },
        cast(to === 'uint8' ? 'whole' : 'scaled', 'y', TYPE[to]),
      ],
      constants: [{ name: 'factor', type: 'float32', dims: [1], values: [factor] }],
    },
  };
}

describe('a network whose output type differs from its input type', () => {
  const { home, fileOf } = ownModels();

  async function givesBack(model: LoadedModel): Promise<void> {
    for (const [width, height] of [
      [40, 30],
      [17, 9],
    ] as const) {
      const tile = gradientTile(width, height, Uint8Array);
      for (const pixels of [await model.run(tile), (await model.runInWorker?.(tile))?.upscaled])
        assert.deepEqual(Array.from(pixels?.data ?? []), Array.from(repeated(tile, 2).data));
    }
  }

  for (const layout of ['nchw', 'nhwc'] as const)
    for (const [dtype, outputDtype, factor, range, outputRange] of [
      ['uint8', 'float32', 1 / 255, 255, 1],
      ['uint8', 'float32', 1, 255, undefined],
      ['uint8', 'float16', 1 / 255, 255, 1],
      ['float32', 'uint8', 255, 1, 255],
      ['float32', 'uint8', 1, 255, undefined],
      ['float16', 'uint8', 255, 1, 255],
    ] as const)
      test(`takes ${dtype} and gives ${outputDtype} up to ${outputRange ?? range}, ${layout}`, async () => {
        const network = nearestNetwork({ type: dtype, layout, ...casting(outputDtype, factor) });
        const { entry } = await addModel(await fileOf(network), home.models);
        assert.deepEqual(
          [entry.dtype, entry.outputDtype, entry.range, entry.outputRange, entry.layout],
          [dtype, outputDtype, range, outputRange, layout],
        );
        const model = await openModel(entry, home.models, 'cpu', { threads: 1 });
        try {
          await givesBack(model);
          await assert.rejects(model.run(gradientTile(8, 8, Uint16Array)), (error: unknown) => {
            assert.ok(error instanceof TileFailure);
            assert.match(error.message, /computes in 8 bits and was given 16/);
            return true;
          });
        } finally {
          await model.release();
        }
        assert.equal(isInFloat32(entry), false, 'it serves no 16-bit image');
      });

  test('a file whose output type differs from its entry is refused', async () => {
    const network = nearestNetwork({ type: 'uint8', ...casting('float32', 1) });
    const {
      entry: { outputDtype: _, ...entry },
    } = await addModel(await fileOf(network), home.models);
    await assert.rejects(
      openModel(entry, home.models, 'cpu', { threads: 1 }),
      /has output type float32, not uint8/,
    );
  });
});

describe('a network with several outputs', () => {
  const { home, fileOf } = ownModels();
  const mean: Node = {
    op: 'ReduceMean',
    inputs: ['x'],
    outputs: ['mean'],
    attributes: { axes: [1], keepdims: 1 },
  };
  const size: Node = { op: 'Shape', inputs: ['x'], outputs: ['size'] };
  const copy: Node = { op: 'Identity', inputs: ['x'], outputs: ['copy'] };
  const output = (name: string, type: Value['type'], shape: Value['shape']): Value => ({ name, type, shape });
  const others = [output('mean', 'float32', [1, 1, 'a', 'b']), output('size', 'int64', [4])];
  const network: TestNetwork = nearestNetwork({ beside: { nodes: [mean, size], outputs: others } });
  const ambiguous: TestNetwork = nearestNetwork({
    beside: {
      nodes: [mean, copy],
      outputs: [output('copy', 'float32', [1, 3, 'a', 'b']), ...others.slice(0, 1)],
    },
  });

  test('uses the output that is the picture, at any position', async () => {
    const { entry } = await addModel(await fileOf(network), home.models);
    assert.deepEqual([entry.output, entry.scale], ['output', 2]);
    const model = await openModel(entry, home.models, 'cpu', { threads: 1 });
    const tile = gradientTile(40, 30, Uint8Array);
    assert.deepEqual(await model.run(tile), repeated(tile, 2));
    await model.release();
  });

  test('is refused when two outputs could be the picture, until one is named', async () => {
    const file = await fileOf(ambiguous);
    await assert.rejects(addModel(file, home.models), (error: unknown) => {
      assert.ok(error instanceof UnfitModel, String(error));
      assert.match(error.message, /shape of a picture: copy \(×1\), output \(×2\)\. Say by --output/);
      return true;
    });
    await assert.rejects(
      addModel(file, home.models, { output: 'picture' }),
      /no output picture\. It has copy \(float32 \[1, 3, a, b\]\), mean/,
    );
    assert.deepEqual(await readdir(home.models), ['manifest.json']);
    assert.equal((await addModel(file, home.models, { output: 'output' })).entry.scale, 2);
    assert.equal((await addModel(file, home.models, { output: 'copy', name: 'copy' })).entry.scale, 1);
  });
});
