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

/** As Real-ESRGAN x2plus: squares of 2 × 2 pixels become channels, convolutions see 6 pixels around, and the channels pixels again. */
export function unshuffleNetwork(): TestNetwork {
  const convolution = (from: string, to: string): Node => ({
    op: 'Conv',
    inputs: [from, 'kernel'],
    outputs: [to],
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
  });
  const network = nearestNetwork({
    before: {
      nodes: [
        { op: 'SpaceToDepth', inputs: ['x'], outputs: ['squares'], attributes: { blocksize: 2 } },
        convolution('squares', 'first'),
        { op: 'Tanh', inputs: ['first'], outputs: ['bent'] },
        convolution('bent', 'second'),
        { op: 'DepthToSpace', inputs: ['second'], outputs: ['detail'], attributes: { blocksize: 2 } },
        { op: 'Mul', inputs: ['detail', 'share'], outputs: ['little'] },
        { op: 'Add', inputs: ['x', 'little'], outputs: ['y'] },
      ],
      constants: [
        { name: 'kernel', type: 'float32', dims: [12, 12, 3, 3], values: weights(12 * 12 * 9, 7) },
        { name: 'share', type: 'float32', dims: [1], values: [0.01] },
      ],
    },
  });
  return { ...network, sizeRequirements: { minimum: 2, multipleOf: 2 } };
}

/**
 * As Swin2SR: what a window of 8 × 8 pixels holds is answered together, first in windows from the corner, then in windows half a
 * window further.
 * @param fixed [width, height], where the file takes no other size.
 */
export function windowNetwork(fixed?: readonly [number, number]): TestNetwork {
  const network = nearestNetwork({
    ...(fixed === undefined ? {} : { fixed }),
    before: {
      nodes: [
        ...windows('x', 'first'),
        { op: 'Pad', inputs: ['first', 'around'], outputs: ['moved'], attributes: { mode: 'reflect' } },
        ...windows('moved', 'second'),
        { op: 'Slice', inputs: ['second', 'from', 'to', 'sides'], outputs: ['y'] },
      ],
      constants: WINDOW_CONSTANTS,
    },
  });
  return { ...network, sizeRequirements: { minimum: 8, multipleOf: 8 } };
}

/** Windows of 8 × 8 pixels in a network that takes any size: it makes up what the last windows lack, and cuts it off again. */
export function paddingWindowNetwork(): TestNetwork {
  return nearestNetwork({
    before: {
      nodes: [
        { op: 'Pad', inputs: ['x', 'more'], outputs: ['wide'], attributes: { mode: 'reflect' } },
        ...pullOf('wide', 'pull'),
        { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
        { op: 'Slice', inputs: ['pull', 'corner', 'shape'], outputs: ['cropped'] },
        { op: 'Add', inputs: ['x', 'cropped'], outputs: ['y'] },
      ],
      constants: [
        ...WINDOW_CONSTANTS,
        { name: 'more', type: 'int64', dims: [8], values: [0, 0, 0, 0, 0, 0, 8, 8] },
        { name: 'corner', type: 'int64', dims: [4], values: [0, 0, 0, 0] },
      ],
    },
  });
}

/** Each pixel becomes brighter by a share of what is between its window's mean and its brightest. */
function windows(from: string, to: string): Node[] {
  return [...pullOf(from, `${to}.little`), { op: 'Add', inputs: [from, `${to}.little`], outputs: [to] }];
}

function pullOf(from: string, to: string): Node[] {
  const pool = { kernel_shape: [8, 8], strides: [8, 8] };
  const repeat = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  return [
    { op: 'AveragePool', inputs: [from], outputs: [`${to}.mean`], attributes: pool },
    { op: 'MaxPool', inputs: [from], outputs: [`${to}.most`], attributes: pool },
    { op: 'Sub', inputs: [`${to}.most`, `${to}.mean`], outputs: [`${to}.pull`] },
    { op: 'Resize', inputs: [`${to}.pull`, '', 'eight'], outputs: [`${to}.wide`], attributes: repeat },
    { op: 'Mul', inputs: [`${to}.wide`, 'share'], outputs: [to] },
  ];
}

const WINDOW_CONSTANTS: readonly Constant[] = [
  { name: 'share', type: 'float32', dims: [1], values: [0.1] },
  { name: 'eight', type: 'float32', dims: [4], values: [1, 1, 8, 8] },
  { name: 'around', type: 'int64', dims: [8], values: [0, 0, 4, 4, 0, 0, 4, 4] },
  { name: 'from', type: 'int64', dims: [2], values: [4, 4] },
  { name: 'to', type: 'int64', dims: [2], values: [-4, -4] },
  { name: 'sides', type: 'int64', dims: [2], values: [2, 3] },
];
