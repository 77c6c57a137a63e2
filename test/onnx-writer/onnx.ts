import { type Field, float, int, message, nested } from './protobuf.js';

/** A small writer of ONNX files (opset 17), for networks made to misbehave. Field numbers from onnx.proto. */

/** `TensorProto.DataType`. */
const ELEMENT = { float32: 1, uint8: 2, int64: 7, bool: 9, float16: 10 } as const;
export type ElementType = keyof typeof ELEMENT;

export interface Value {
  readonly name: string;
  readonly type: ElementType;
  /** A name is a free size. */
  readonly shape: readonly (number | string)[];
}

export interface Node {
  readonly op: string;
  /** An empty name leaves an optional input out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | string | readonly number[] | Graph | Constant>>;
}

export interface Constant {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly values: readonly number[];
  /** The values lie in this file, relative to the model's, and not here. */
  readonly location?: string;
  /** Where in that file: offset and length in bytes, where they are said. */
  readonly span?: readonly number[];
}

export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly constants?: readonly Constant[];
}

/** @returns the bytes of an .onnx file. */
export function writeOnnx(graph: Graph): Uint8Array {
  return message([
    int(1, 8),
    nested(7, graphMessage(graph)),
    nested(8, message([nested(1, ''), int(2, 17)])),
  ]);
}

function graphMessage(graph: Graph): Uint8Array {
  return message([
    ...graph.nodes.map((node) => nested(1, nodeMessage(node))),
    nested(2, 'made for a test'),
    ...(graph.constants ?? []).map((constant) => nested(5, tensorMessage(constant))),
    ...graph.inputs.map((value) => nested(11, valueMessage(value))),
    ...graph.outputs.map((value) => nested(12, valueMessage(value))),
  ]);
}

function nodeMessage(node: Node): Uint8Array {
  return message([
    ...node.inputs.map((name) => nested(1, name)),
    ...node.outputs.map((name) => nested(2, name)),
    nested(4, node.op),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => nested(5, attribute(name, value))),
  ]);
}

/** Whole numbers are INT and lists INTS; a fraction is FLOAT; text is STRING; a graph is GRAPH, a constant TENSOR. */
function attribute(name: string, value: number | string | readonly number[] | Graph | Constant): Uint8Array {
  return message([nested(1, name), ...attributeContent(value)]);
}

function attributeContent(value: number | string | readonly number[] | Graph | Constant): readonly Field[] {
  if (typeof value === 'string') return [nested(4, value), int(20, 3)];
  if (typeof value === 'number')
    return Number.isInteger(value) ? [int(3, value), int(20, 2)] : [float(2, value), int(20, 1)];
  if ('nodes' in value) return [nested(6, graphMessage(value)), int(20, 5)];
  if ('dims' in value) return [nested(5, tensorMessage(value)), int(20, 4)];
  return [...value.map((each) => int(8, each)), int(20, 7)];
}

function tensorMessage(constant: Constant): Uint8Array {
  const raw =
    constant.type === 'int64'
      ? BigInt64Array.from(constant.values.map(BigInt))
      : constant.type === 'float32'
        ? Float32Array.from(constant.values)
        : Uint8Array.from(constant.values);
  return message([
    ...constant.dims.map((dim) => int(1, dim)),
    int(2, ELEMENT[constant.type]),
    nested(8, constant.name),
    ...(constant.location === undefined
      ? [nested(9, new Uint8Array(raw.buffer))]
      : [...external(constant.location, constant.span), int(14, 1)]),
  ]);
}

function external(location: string, span: readonly number[] | undefined): Field[] {
  const entry = (key: string, value: string) => nested(13, message([nested(1, key), nested(2, value)]));
  const [offset, length] = span ?? [];
  return [
    entry('location', location),
    ...(offset === undefined ? [] : [entry('offset', String(offset))]),
    ...(length === undefined ? [] : [entry('length', String(length))]),
  ];
}

function valueMessage(value: Value): Uint8Array {
  const dims = value.shape.map((dim) => nested(1, typeof dim === 'number' ? int(1, dim) : nested(2, dim)));
  const tensor = message([int(1, ELEMENT[value.type]), nested(2, message(dims))]);
  return message([nested(1, value.name), nested(2, nested(1, tensor))]);
}
