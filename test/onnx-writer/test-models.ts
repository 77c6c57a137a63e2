import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelEntry, SampleRange } from '../../src/models/manifest-entry.js';
import { type Constant, type Graph, type Node, type Value, writeOnnx } from './onnx.js';

/**
 * Networks whose right answer is known by heart: each pixel repeated (nearest neighbour), after whatever oddity the test
 * is about.
 */
export interface TestNetwork {
  readonly bytes: Uint8Array;
  readonly facts: Pick<ModelEntry, 'scale' | 'input' | 'output' | 'layout' | 'dtype' | 'range'>;
  readonly sizeRequirements?: ModelEntry['sizeRequirements'];
}

type Type = ModelEntry['dtype'];
interface Shape {
  readonly type?: Type;
  readonly layout?: ModelEntry['layout'];
  readonly scale?: number;
  /** What the file truly enlarges by, when it is not what the entry says. */
  readonly trueScale?: number;
  readonly fixed?: readonly [number, number];
  readonly range?: SampleRange;
  readonly input?: string;
  readonly output?: string;
  /** Nodes from "x" to "y" before enlarging, in NCHW. */
  readonly before?: { readonly nodes: readonly Node[]; readonly constants?: readonly Constant[] };
  /** Of the answer, where "y" has another type than the input. */
  readonly outputType?: Type;
  /** Outputs that come before the picture, made of "x". */
  readonly beside?: { readonly nodes: readonly Node[]; readonly outputs: readonly Value[] };
}

/** Each pixel becomes a square of `scale` pixels of the same colour. */
export function nearestNetwork(shape: Shape = {}): TestNetwork {
  const { type = 'float32', layout = 'nchw', scale = 2, range = type === 'uint8' ? 255 : 1 } = shape;
  const { input = 'input', output = 'output', trueScale = scale, fixed } = shape;
  const [w, h] = fixed ?? ['width', 'height'];
  const [outW, outH] = fixed === undefined ? ['out_w', 'out_h'] : fixed.map((side) => side * trueScale);
  const dims = (width: number | string = 'w', height: number | string = 'h'): (number | string)[] =>
    layout === 'nchw' ? [1, 3, height, width] : [1, height, width, 3];
  const toPlanes: Node[] =
    layout === 'nchw'
      ? [{ op: 'Identity', inputs: [input], outputs: ['x'] }]
      : [{ op: 'Transpose', inputs: [input], outputs: ['x'], attributes: { perm: [0, 3, 1, 2] } }];
  const fromPlanes: Node[] =
    layout === 'nchw'
      ? [{ op: 'Identity', inputs: ['z'], outputs: [output] }]
      : [{ op: 'Transpose', inputs: ['z'], outputs: [output], attributes: { perm: [0, 2, 3, 1] } }];
  const before = shape.before ?? { nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }] };
  const graph: Graph = {
    inputs: [{ name: input, type, shape: dims(w, h) }],
    outputs: [
      ...(shape.beside?.outputs ?? []),
      { name: output, type: shape.outputType ?? type, shape: dims(outW, outH) },
    ],
    nodes: [
      ...toPlanes,
      ...before.nodes,
      {
        op: 'Resize',
        inputs: ['y', '', 'scales'],
        outputs: ['z'],
        attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
      },
      ...fromPlanes,
      ...(shape.beside?.nodes ?? []),
    ],
    constants: [
      { name: 'scales', type: 'float32', dims: [4], values: [1, 1, trueScale, trueScale] },
      ...(before.constants ?? []),
    ],
  };
  return { bytes: writeOnnx(graph), facts: { scale, input, output, layout, dtype: type, range } };
}

/** Swin2SR's contract: `pixel_values` → `reconstruction`, ×2, and an error unless both sides are multiples of 8, or of another number. */
export function swin2srContractNetwork(multipleOf = 8): TestNetwork {
  const attributes = { blocksize: multipleOf };
  const network = nearestNetwork({
    scale: 2,
    input: 'pixel_values',
    output: 'reconstruction',
    before: {
      nodes: [
        { op: 'SpaceToDepth', inputs: ['x'], outputs: ['windows'], attributes },
        { op: 'DepthToSpace', inputs: ['windows'], outputs: ['y'], attributes },
      ],
    },
  });
  return { ...network, sizeRequirements: { minimum: multipleOf, multipleOf } };
}

/** Every sample of the answer is not a number. */
export function nanNetwork(scale = 4): TestNetwork {
  return nearestNetwork({ scale, before: timesConstant(Number.NaN) });
}

/** Every sample of the answer is zero: what an overflow in half precision often leaves. */
export function blackNetwork(scale = 4): TestNetwork {
  return nearestNetwork({ scale, before: timesConstant(0) });
}

function timesConstant(factor: number): NonNullable<Shape['before']> {
  return {
    nodes: [{ op: 'Mul', inputs: ['x', 'factor'], outputs: ['y'] }],
    constants: [{ name: 'factor', type: 'float32', dims: [1], values: [factor] }],
  };
}

/**
 * Signs its work: red and green are those of the input, and blue is no brighter than `signature` of 255. So each pixel of the
 * answer to a picture of full blue tells which network computed it, and from which pixel.
 */
export function signingNetwork(
  signature: number,
  shape: { scale: number; type?: 'float32' | 'uint8' },
): TestNetwork {
  const white = shape.type === 'uint8' ? 255 : 1;
  return nearestNetwork({
    ...shape,
    before: {
      nodes: [
        { op: 'Cast', inputs: ['x'], outputs: ['float'], attributes: { to: 1 } },
        { op: 'Min', inputs: ['float', 'signature'], outputs: ['signed'] },
        {
          op: 'Cast',
          inputs: ['signed'],
          outputs: ['y'],
          attributes: { to: shape.type === 'uint8' ? 2 : 1 },
        },
      ],
      constants: [
        {
          name: 'signature',
          type: 'float32',
          dims: [1, 3, 1, 1],
          values: [white, white, (signature / 255) * white],
        },
      ],
    },
  });
}

/** A network whose answer is the enlarged picture after some arithmetic on its samples; `factors` and `terms` are for red, green and blue. */
export function mixingNetwork(
  factors: readonly [number, number, number],
  terms: readonly [number, number, number],
  order: readonly [number, number, number] = [0, 1, 2],
): TestNetwork {
  return nearestNetwork({
    before: {
      nodes: [
        { op: 'Gather', inputs: ['x', 'order'], outputs: ['ordered'], attributes: { axis: 1 } },
        { op: 'Mul', inputs: ['ordered', 'factors'], outputs: ['scaled'] },
        { op: 'Add', inputs: ['scaled', 'terms'], outputs: ['y'] },
      ],
      constants: [
        { name: 'order', type: 'int64', dims: [3], values: order },
        { name: 'factors', type: 'float32', dims: [1, 3, 1, 1], values: factors },
        { name: 'terms', type: 'float32', dims: [1, 3, 1, 1], values: terms },
      ],
    },
  });
}

/** Answers with the picture moved to the right, its left edge repeated. */
export function movingNetwork(px: number): TestNetwork {
  return nearestNetwork({
    before: {
      nodes: [
        { op: 'Pad', inputs: ['x', 'left'], outputs: ['wide'], attributes: { mode: 'edge' } },
        { op: 'Slice', inputs: ['wide', 'none', 'end', 'across'], outputs: ['y'] },
      ],
      constants: [
        { name: 'left', type: 'int64', dims: [8], values: [0, 0, 0, px, 0, 0, 0, 0] },
        { name: 'none', type: 'int64', dims: [1], values: [0] },
        { name: 'end', type: 'int64', dims: [1], values: [-px] },
        { name: 'across', type: 'int64', dims: [1], values: [3] },
      ],
    },
  });
}

/** Needs `12 * copies` bytes for each input pixel, for nothing: 2048 copies of a 512² tile are 6.4 GB. */
export function memoryEaterNetwork(copies = 2048, scale = 4): TestNetwork {
  return nearestNetwork({
    scale,
    before: {
      nodes: [
        { op: 'Unsqueeze', inputs: ['x', 'first'], outputs: ['row'] },
        { op: 'Expand', inputs: ['row', 'repeats'], outputs: ['many'] },
        { op: 'ReduceMax', inputs: ['many'], outputs: ['y'], attributes: { axes: [0], keepdims: 0 } },
      ],
      constants: [
        { name: 'first', type: 'int64', dims: [1], values: [0] },
        { name: 'repeats', type: 'int64', dims: [5], values: [copies, 1, 1, 1, 1] },
      ],
    },
  });
}

/**
 * Asks for 4 GB for every whole 8000 pixels of a tile, and for nothing below: a tile of 64 x 64 is small and fast, one of
 * 144 x 144 needs 8 GB.
 */
export function steppedMemoryNetwork(scale = 4): TestNetwork {
  return nearestNetwork({
    scale,
    before: {
      nodes: [
        { op: 'Shape', inputs: ['x'], outputs: ['sides'] },
        { op: 'ReduceProd', inputs: ['sides'], outputs: ['samples'], attributes: { keepdims: 1 } },
        { op: 'Div', inputs: ['samples', 'step'], outputs: ['steps'] },
        { op: 'Mul', inputs: ['steps', 'gigabyte'], outputs: ['many'] },
        { op: 'Add', inputs: ['many', 'one'], outputs: ['length'] },
        { op: 'ConstantOfShape', inputs: ['length'], outputs: ['zeros'] },
        { op: 'ReduceMax', inputs: ['zeros'], outputs: ['zero'], attributes: { keepdims: 0 } },
        { op: 'Add', inputs: ['x', 'zero'], outputs: ['y'] },
      ],
      constants: [
        { name: 'step', type: 'int64', dims: [1], values: [3 * 8000] },
        { name: 'gigabyte', type: 'int64', dims: [1], values: [1e9] },
        { name: 'one', type: 'int64', dims: [1], values: [1] },
      ],
    },
  });
}

/** Computes sines for nothing, about a microsecond of one processor for each ten of them and pixel: tiles of a network that is slow. */
export function slowNetwork(sines: number, scale = 2): TestNetwork {
  const steps = Array.from({ length: sines }, (_, step) => ({
    op: 'Sin',
    inputs: [step === 0 ? 'x' : `sine${step}`],
    outputs: [`sine${step + 1}`],
  }));
  return nearestNetwork({
    scale,
    before: {
      nodes: [
        ...steps,
        { op: 'Mul', inputs: [`sine${sines}`, 'nothing'], outputs: ['zero'] },
        { op: 'Add', inputs: ['x', 'zero'], outputs: ['y'] },
      ],
      constants: [{ name: 'nothing', type: 'float32', dims: [1], values: [0] }],
    },
  });
}

/** Repeats a step of nothing, and never finds that it was enough. */
export function endlessNetwork(scale = 2): TestNetwork {
  const body: Graph = {
    inputs: [
      { name: 'round', type: 'int64', shape: [] },
      { name: 'more', type: 'bool', shape: [] },
      { name: 'image', type: 'float32', shape: ['n', 'c', 'h', 'w'] },
    ],
    outputs: [
      { name: 'yes', type: 'bool', shape: [] },
      { name: 'same', type: 'float32', shape: ['n', 'c', 'h', 'w'] },
    ],
    nodes: [
      { op: 'Identity', inputs: ['more'], outputs: ['yes'] },
      { op: 'Identity', inputs: ['image'], outputs: ['same'] },
    ],
  };
  return nearestNetwork({
    scale,
    before: {
      nodes: [{ op: 'Loop', inputs: ['', 'begin', 'x'], outputs: ['y'], attributes: { body } }],
      constants: [{ name: 'begin', type: 'bool', dims: [], values: [1] }],
    },
  });
}

/**
 * Adds a weight that lies in another file. @param place where the file says so: beside the graph, in a node, or in a loop's body.
 * @param where the other file; or the weight itself, which then lies in the network's own.
 */
export function externalNetwork(
  where: number | Pick<Constant, 'location' | 'span'>,
  place: 'initializer' | 'node' | 'body' = 'initializer',
): TestNetwork {
  const inside = typeof where === 'number';
  const weights: Constant = {
    name: 'w',
    type: 'float32',
    dims: [1],
    ...(inside ? { values: [where] } : { values: [], ...where }),
  };
  const sum: Node = { op: 'Add', inputs: ['x', 'w'], outputs: ['y'] };
  if (place === 'initializer') return nearestNetwork({ before: { nodes: [sum], constants: [weights] } });
  const constant: Node = { op: 'Constant', inputs: [], outputs: ['w'], attributes: { value: weights } };
  if (place === 'node') return nearestNetwork({ before: { nodes: [constant, sum] } });
  const branch: Graph = {
    inputs: [],
    outputs: [{ name: 'y', type: 'float32', shape: ['n', 'c', 'h', 'w'] }],
    nodes: [sum],
    constants: [weights],
  };
  return nearestNetwork({
    before: {
      nodes: [
        {
          op: 'If',
          inputs: ['yes'],
          outputs: ['y'],
          attributes: { then_branch: branch, else_branch: branch },
        },
      ],
      constants: [{ name: 'yes', type: 'bool', dims: [], values: [1] }],
    },
  });
}

/** Puts a network into a models folder. @returns its entry, true to the file unless `changes` say otherwise. */
export async function install(
  modelsFolder: string,
  name: string,
  network: TestNetwork,
  changes: Partial<ModelEntry> = {},
): Promise<ModelEntry> {
  const file = `${name}.onnx`;
  await writeFile(join(modelsFolder, file), network.bytes);
  return {
    name,
    title: name,
    family: 'custom',
    licence: 'MIT',
    file,
    bytes: network.bytes.length,
    sha256: createHash('sha256').update(network.bytes).digest('hex'),
    confirmed: true,
    sizeRequirements: network.sizeRequirements ?? { minimum: 1, multipleOf: 1 },
    overlapPx: 8,
    ...network.facts,
    ...changes,
  };
}
