import {
  LENGTH_DELIMITED,
  type Message,
  messageIn,
  onnxFields,
  Reader,
  Unreadable,
} from './onnx-structure.js';

/** `TensorProto.external_data` and `data_location`, which is 0 for data within the file. */
export const EXTERNAL_DATA = 13;
export const DATA_LOCATION = 14;

/**
 * What an ONNX file says of other files: weights may lie elsewhere, under any path that the file names.
 * @returns `unreadable` where the bytes are not what the runtime would take for an ONNX file either.
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

/** A tensor whose samples lie in another file. */
export interface ExternalTensor {
  /** Offset of its content in the ONNX file. */
  readonly from: number;
  /** The other file's path as it is written; empty where none is. */
  readonly location: string;
  /** Bytes in that file. */
  readonly offset: number;
  /** Bytes; absent for all from the offset on. */
  readonly length?: number;
}

/** @returns the tensors of a readable file that lie in others. @throws Unreadable */
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

/** `TensorProto.raw_data`. */
const RAW_DATA = 9;

/**
 * An ONNX file with samples written into the tensors that had them elsewhere; nothing else of it changes.
 * @param bytes a readable file. @param samples by the offset of their tensor's content.
 * @returns the new file in pieces, which are parts of the arguments.
 */
export function weightsWithin(
  bytes: Uint8Array,
  samples: ReadonlyMap<number, Uint8Array>,
): readonly Uint8Array[] {
  return (changed(bytes, samples, 'model', 0, bytes.length) ?? new Pieces().add(bytes)).all;
}

/** Bytes in pieces, since all of them may be gigabytes. */
class Pieces {
  readonly all: Uint8Array[] = [];
  length = 0;

  add(...pieces: readonly Uint8Array[]): this {
    for (const piece of pieces) {
      this.all.push(piece);
      this.length += piece.length;
    }
    return this;
  }
}

/** @returns the content of a message, or undefined where it stays as it is. */
function changed(
  bytes: Uint8Array,
  samples: ReadonlyMap<number, Uint8Array>,
  message: Message,
  from: number,
  to: number,
): Pieces | undefined {
  if (message === 'tensor') {
    const own = samples.get(from);
    return own === undefined ? undefined : tensorWith(bytes, from, to, own);
  }
  const pieces = new Pieces();
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
    pieces.add(bytes.subarray(kept, tagEnd), varint(fresh.length), ...fresh.all);
    kept = content.to;
  }
  return kept === from ? undefined : pieces.add(bytes.subarray(kept, to));
}

function tensorWith(bytes: Uint8Array, from: number, to: number, own: Uint8Array): Pieces {
  const pieces = new Pieces();
  const reader = new Reader(bytes, from, to);
  while (!reader.atEnd) {
    const start = reader.at;
    const { field, wireType } = reader.tag();
    reader.content(wireType);
    if (field !== RAW_DATA && field !== EXTERNAL_DATA && field !== DATA_LOCATION)
      pieces.add(bytes.subarray(start, reader.at));
  }
  return pieces.add(varint(RAW_DATA * 8 + LENGTH_DELIMITED), varint(own.length), own);
}

/** A length or a tag, as protobuf writes it. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Uint8Array.from([...bytes, rest]);
}
