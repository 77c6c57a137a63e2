import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TensorForm } from '../../src/models/manifest-entry.js';
import { halfBits, halfValues } from '../../src/models/onnx/half-float.js';
import {
  hasContrast,
  isFlat,
  newTensorData,
  padByReflection,
  readTensor,
  tensorDims,
  writeTensor,
} from '../../src/models/onnx/tile-tensor.js';
import { TileFailure } from '../../src/models/tile-model.js';
import type { Raster } from '../../src/tiling/raster.js';

/** One row of pixels. */
function rgb(data: Raster['data']): Raster<3> {
  return { data, width: data.length / 3, height: 1, channels: 3 };
}

/** Two pixels side by side: 10 20 30 and 40 50 60. */
const TWO = rgb(Uint8Array.of(10, 20, 30, 40, 50, 60));
const INTERLEAVED: TensorForm = { layout: 'nhwc', dtype: 'uint8', range: 255 };
const PLANES: TensorForm = { layout: 'nchw', dtype: 'float32', range: 255 };

function written(pixels: Raster<3>, form: TensorForm) {
  const data = newTensorData(form.dtype, pixels.data.length);
  writeTensor(pixels, form, data);
  return data;
}

describe('a tile written into a tensor', () => {
  it('has its channels in planes, or side by side', () => {
    assert.deepEqual([...written(TWO, PLANES)], [10, 40, 20, 50, 30, 60]);
    assert.deepEqual([...written(TWO, INTERLEAVED)], [10, 20, 30, 40, 50, 60]);
    assert.deepEqual(tensorDims('nchw', 2, 1), [1, 3, 1, 2]);
    assert.deepEqual(tensorDims('nhwc', 2, 1), [1, 1, 2, 3]);
  });

  it('spans the range of the network from black to white, whatever the bits of the samples', () => {
    for (const [data, range, expected] of [
      [Uint8Array.of(0, 51, 255), 1, [0, 0.2, 1]],
      [Uint8Array.of(0, 51, 255), '-1..1', [-1, -0.6, 1]],
      [Uint16Array.of(0, 13_107, 65_535), 1, [0, 0.2, 1]],
      [Uint16Array.of(0, 13_107, 65_535), 255, [0, 51, 255]],
    ] as const) {
      const tensor = written(rgb(data), { layout: 'nchw', dtype: 'float32', range });
      for (const [at, value] of expected.entries()) assert.ok(Math.abs((tensor[at] ?? 0) - value) < 1e-6);
    }
  });
});

describe('a tile read from a tensor', () => {
  it('is what was written, in every form', () => {
    for (const layout of ['nchw', 'nhwc'] as const)
      for (const [dtype, range] of [
        ['float32', 1],
        ['float32', '-1..1'],
        ['float16', 1],
        ['uint8', 255],
      ] as const) {
        const form = { layout, dtype, range };
        assert.deepEqual(readTensor(written(TWO, form), form, TWO, TWO, 255), TWO, `${layout} ${dtype}`);
      }
  });

  it('is rounded and clamped', () => {
    const tensor = Float32Array.of(-7, 99.4, 99.6, 300, 0, 255);
    const size = { width: 2, height: 1 };
    assert.deepEqual(
      [...readTensor(tensor, { ...PLANES, layout: 'nhwc' }, size, size, 255).data],
      [0, 99, 100, 255, 0, 255],
    );
  });

  it('loses what the tensor has beyond the tile', () => {
    const size = { width: 2, height: 2 };
    const tensor = Float32Array.from({ length: 12 }, (_, at) => at);
    const { data } = readTensor(tensor, PLANES, size, { width: 1, height: 2 }, 255);
    assert.deepEqual([...data], [0, 4, 8, 2, 6, 10]);
  });

  it('is refused where a sample is not a finite number', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const tensor = Float32Array.of(1, 2, bad);
      const size = { width: 1, height: 1 };
      assert.throws(
        () => readTensor(tensor, PLANES, size, size, 255),
        (thrown) => thrown instanceof TileFailure && thrown.reason === 'invalid_output',
      );
    }
  });
});

describe('a tile that is too small for its network', () => {
  const row = (...reds: number[]) => rgb(Uint8Array.from(reds.flatMap((red) => [red, 0, 0])));
  const redsOf = ({ data }: Raster<3>) => [...data].filter((_, at) => at % 3 === 0);

  it('is grown by reflection, which does not repeat the edge', () => {
    assert.deepEqual(redsOf(padByReflection(row(1, 2, 3), 8, 1)), [1, 2, 3, 2, 1, 2, 3, 2]);
    assert.deepEqual(redsOf(padByReflection(row(9), 3, 2)), [9, 9, 9, 9, 9, 9]);
  });

  it('is left as it is where it has the size already', () => {
    assert.equal(padByReflection(TWO, 2, 1), TWO);
  });
});

describe('an answer of one colour', () => {
  const tile = (...data: number[]) => rgb(Uint8Array.from(data));

  it('is flat; a single other sample is enough for it not to be', () => {
    assert.equal(isFlat(tile(1, 2, 3, 1, 2, 3)), true);
    assert.equal(isFlat(tile(1, 2, 3, 1, 2, 4)), false);
  });

  it('is what a network may make of a tile without contrast, a sixteenth of the range', () => {
    assert.equal(hasContrast(tile(0, 0, 0, 15, 15, 15)), false);
    assert.equal(hasContrast(tile(0, 0, 0, 0, 16, 0)), true);
  });
});

describe('a half', () => {
  it('is the nearest of IEEE 754 binary16, ties to even', () => {
    for (const [value, bits] of [
      [0, 0],
      [-0, 0x8000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65_504, 0x7bff],
      [65_520, 0x7c00],
      [2 ** -24, 1],
      [2 ** -25, 0],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [Number.NEGATIVE_INFINITY, 0xfc00],
    ] as const)
      assert.equal(halfBits(value), bits, `${value}`);
  });

  it('has the value that its bits say, for all of them', () => {
    for (const [bits, value] of halfValues().entries())
      if (!Number.isNaN(value)) assert.equal(halfBits(value), bits);
  });
});
