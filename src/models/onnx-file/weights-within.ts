import { LENGTH_DELIMITED, type Message, messageIn, Reader } from './onnx-structure.js';
import { DATA_LOCATION, EXTERNAL_DATA } from './other-files.js';

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
