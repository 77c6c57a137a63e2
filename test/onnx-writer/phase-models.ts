import type { Constant, Node } from './onnx.js';
import { nearestNetwork, type TestNetwork } from './test-models.js';

/** Networks whose answer depends on where in a grid of their own a pixel lies. Each keeps the picture, changed by a few per cent. */

/** The same in every run: weights between -1 and 1. */
function weights(count: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state / 2 ** 32) * 2 - 1;
  });
}

/**
 * As Real-ESRGAN x2plus: squares of 2 × 2 pixels, or of another side, become channels, convolutions see three squares around, and the
 * channels pixels again.
 */
export function unshuffleNetwork(side = 2): TestNetwork {
  const channels = 3 * side * side;
  const convolution = (from: string, to: string): Node => ({
    op: 'Conv',
    inputs: [from, 'kernel'],
    outputs: [to],
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
  });
  const network = nearestNetwork({
    before: {
      nodes: [
        { op: 'SpaceToDepth', inputs: ['x'], outputs: ['squares'], attributes: { blocksize: side } },
        convolution('squares', 'first'),
        { op: 'Tanh', inputs: ['first'], outputs: ['bent'] },
        convolution('bent', 'second'),
        { op: 'DepthToSpace', inputs: ['second'], outputs: ['detail'], attributes: { blocksize: side } },
        { op: 'Mul', inputs: ['detail', 'share'], outputs: ['little'] },
        { op: 'Add', inputs: ['x', 'little'], outputs: ['y'] },
      ],
      constants: [
        {
          name: 'kernel',
          type: 'float32',
          dims: [channels, channels, 3, 3],
          values: weights(channels * channels * 9, 7),
        },
        { name: 'share', type: 'float32', dims: [1], values: [0.02 / side] },
      ],
    },
  });
  return { ...network, sizeRequirements: { minimum: side, multipleOf: side } };
}

/**
 * As Swin2SR: what a window of 8 × 8 pixels holds is answered together, first in windows from the corner, then in windows half a
 * window further.
 * @param fixed [width, height], where the file takes no other size. @param side of a window, even.
 */
export function windowNetwork(fixed?: readonly [number, number], side = 8): TestNetwork {
  const network = nearestNetwork({
    ...(fixed === undefined ? {} : { fixed }),
    before: {
      nodes: [
        ...windows('x', 'first', side),
        { op: 'Pad', inputs: ['first', 'around'], outputs: ['moved'], attributes: { mode: 'reflect' } },
        ...windows('moved', 'second', side),
        { op: 'Slice', inputs: ['second', 'from', 'to', 'sides'], outputs: ['y'] },
      ],
      constants: windowConstants(side),
    },
  });
  return { ...network, sizeRequirements: { minimum: side, multipleOf: side } };
}

/** Windows in a network that takes any size: it makes up what the last windows lack, and cuts it off again. */
export function paddingWindowNetwork(side = 8): TestNetwork {
  return nearestNetwork({
    before: {
      nodes: [
        { op: 'Pad', inputs: ['x', 'more'], outputs: ['wide'], attributes: { mode: 'reflect' } },
        ...pullOf('wide', 'pull', side),
        { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
        { op: 'Slice', inputs: ['pull', 'corner', 'shape'], outputs: ['cropped'] },
        { op: 'Add', inputs: ['x', 'cropped'], outputs: ['y'] },
      ],
      constants: [
        ...windowConstants(side),
        { name: 'more', type: 'int64', dims: [8], values: [0, 0, 0, 0, 0, 0, side, side] },
        { name: 'corner', type: 'int64', dims: [4], values: [0, 0, 0, 0] },
      ],
    },
  });
}

/** Each pixel becomes brighter by a share of what is between its window's mean and its brightest. */
function windows(from: string, to: string, side: number): Node[] {
  return [
    ...pullOf(from, `${to}.little`, side),
    { op: 'Add', inputs: [from, `${to}.little`], outputs: [to] },
  ];
}

function pullOf(from: string, to: string, side: number): Node[] {
  const pool = { kernel_shape: [side, side], strides: [side, side] };
  const repeat = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  return [
    { op: 'AveragePool', inputs: [from], outputs: [`${to}.mean`], attributes: pool },
    { op: 'MaxPool', inputs: [from], outputs: [`${to}.most`], attributes: pool },
    { op: 'Sub', inputs: [`${to}.most`, `${to}.mean`], outputs: [`${to}.pull`] },
    { op: 'Resize', inputs: [`${to}.pull`, '', 'times'], outputs: [`${to}.wide`], attributes: repeat },
    { op: 'Mul', inputs: [`${to}.wide`, 'share'], outputs: [to] },
  ];
}

function windowConstants(side: number): readonly Constant[] {
  const half = side >> 1;
  return [
    { name: 'share', type: 'float32', dims: [1], values: [0.1] },
    { name: 'times', type: 'float32', dims: [4], values: [1, 1, side, side] },
    { name: 'around', type: 'int64', dims: [8], values: [0, 0, half, half, 0, 0, half, half] },
    { name: 'from', type: 'int64', dims: [2], values: [half, half] },
    { name: 'to', type: 'int64', dims: [2], values: [-half, -half] },
    { name: 'sides', type: 'int64', dims: [2], values: [2, 3] },
  ];
}
