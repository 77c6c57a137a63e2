import {
  LENGTH_DELIMITED,
  type Message,
  messageIn,
  onnxFields,
  Reader,
  Unreadable,
} from './onnx-structure.js';

/** Fields of `TensorProto`; `data_location` is 0 for data in the file itself. */
const RAW_DATA = 9;
const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;

/**
 * Looks for external data: weights in other files, at any path that the ONNX file names.
 * @returns `unreadable` when ONNX Runtime could not read the bytes either.
 */
export function otherFiles(bytes: Uint8Array): 'none' | 'named' | 'unreadable' {
  try {
    for (const { message, field, value } of onnxFields(bytes))
      if (message === 'tensor' && (field === EXTERNAL_DATA || (field === DATA_LOCATION && value !== 0)))
        return 'named';
    return 'none';
  } catch (error) {
    if (error instanceof Unreadable) return 'unreadable';
    throw error;
  }
}

/** A tensor whose data is in another file. */
export interface ExternalTensor {
  /** Offset of the tensor's message in the ONNX file. */
  readonly from: number;
  /** The other file's path as written; empty when there is none. */
  readonly location: string;
  /** Offset of the data in that file. */
  readonly offset: number;
  /** Bytes of data; absent: up to the end of the file. */
  readonly length?: number;
}

/** @returns the tensors whose data is in other files. @throws Unreadable */
export function externalTensors(bytes: Uint8Array): ExternalTensor[] {
  const words = new Map<number, Map<string, string>>();
  const external = new Set<number>();
  for (const { message, messageFrom, field, wireType, value, from, to } of onnxFields(bytes)) {
    if (message !== 'tensor') continue;
    if (field === DATA_LOCATION) {
      if (value === 0) external.delete(messageFrom);
      else external.add(messageFrom);
    }
    if (field === EXTERNAL_DATA && wireType === LENGTH_DELIMITED) {
      const said = words.get(messageFrom) ?? new Map<string, string>();
      words.set(messageFrom, said);
      said.set(...entryAt(bytes, from, to));
    }
  }
  return [...external].map((from) => {
    const said = words.get(from);
    const length = said?.get('length');
    return {
      from,
      location: said?.get('location') ?? '',
      offset: Number(said?.get('offset') ?? 0),
      ...(length === undefined ? {} : { length: Number(length) }),
    };
  });
}

/** A `StringStringEntryProto`: key and value. */
function entryAt(bytes: Uint8Array, from: number, to: number): [string, string] {
  const reader = new Reader(bytes, from, to);
  const texts = ['', ''];
  while (!reader.atEnd) {
    const { field, wireType } = reader.tag();
    const content = reader.content(wireType);
    if (wireType === LENGTH_DELIMITED && (field === 1 || field === 2))
      texts[field - 1] = Buffer.from(bytes.subarray(content.from, content.to)).toString('utf8');
  }
  return [texts[0] ?? '', texts[1] ?? ''];
}

/**
 * Writes external data into the ONNX file's tensors and changes nothing else.
 * @param bytes a readable file. @param samples each tensor's data, by the offset of the tensor's message.
 * @returns the new file in pieces, which are views of the arguments.
 */
export function weightsWithin(
  bytes: Uint8Array,
  samples: ReadonlyMap<number, Uint8Array>,
): readonly Uint8Array[] {
  return changed(bytes, samples, 'model', 0, bytes.length) ?? [bytes];
}

/** @returns the new content of a message in pieces; undefined when it does not change. */
function changed(
  bytes: Uint8Array,
  samples: ReadonlyMap<number, Uint8Array>,
  message: Message,
  from: number,
  to: number,
): Uint8Array[] | undefined {
  if (message === 'tensor') {
    const own = samples.get(from);
    return own === undefined ? undefined : tensorWith(bytes, from, to, own);
  }
  const pieces: Uint8Array[] = [];
  let kept = from;
  const reader = new Reader(bytes, from, to);
  while (!reader.atEnd) {
    const { field, wireType } = reader.tag();
    const tagEnd = reader.at;
    const content = reader.content(wireType);
    const inner = messageIn(message, field, wireType);
    if (inner === undefined) continue;
    const fresh = changed(bytes, samples, inner, content.from, content.to);
    if (fresh === undefined) continue;
    const length = fresh.reduce((sum, piece) => sum + piece.length, 0);
    pieces.push(bytes.subarray(kept, tagEnd), varint(length), ...fresh);
    kept = content.to;
  }
  return kept === from ? undefined : [...pieces, bytes.subarray(kept, to)];
}

function tensorWith(bytes: Uint8Array, from: number, to: number, own: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const reader = new Reader(bytes, from, to);
  while (!reader.atEnd) {
    const start = reader.at;
    const { field, wireType } = reader.tag();
    reader.content(wireType);
    if (field !== RAW_DATA && field !== EXTERNAL_DATA && field !== DATA_LOCATION)
      pieces.push(bytes.subarray(start, reader.at));
  }
  return [...pieces, varint(RAW_DATA * 8 + LENGTH_DELIMITED), varint(own.length), own];
}

/** A length or a tag, as protobuf writes it. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}
