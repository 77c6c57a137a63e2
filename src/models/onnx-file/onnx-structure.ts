/** The messages of onnx.proto that contain tensors, by field number. All other fields are skipped. */
const MESSAGES = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  function: { 7: 'node', 11: 'attribute' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: {},
} as const satisfies Readonly<Record<string, Readonly<Record<number, string>>>>;

export type Message = keyof typeof MESSAGES;

/** Wire types of protobuf. ONNX has never used groups (3 and 4). */
const VARINT = 0;
const SIXTY_FOUR_BIT = 1;
export const LENGTH_DELIMITED = 2;
const THIRTY_TWO_BIT = 5;

const MAX_VARINT_BYTES = 10;
const MAX_TAG_BYTES = 5;
/** Nested messages: protobuf's own limit. */
const MAX_DEPTH = 100;

/** The bytes are not protobuf. */
export class Unreadable extends Error {}

/** A field of a tensor, or of a message that contains tensors. */
export interface OnnxField {
  readonly message: Message;
  /** Offset of the message's content. */
  readonly messageFrom: number;
  readonly field: number;
  readonly wireType: number;
  /** The value of a varint. */
  readonly value: number;
  /** The range of the content: from inclusive, to exclusive. */
  readonly from: number;
  readonly to: number;
}

/**
 * Reads the structure of an ONNX file, in time linear in its size.
 * @throws Unreadable when ONNX Runtime could not read the bytes either.
 */
export function* onnxFields(bytes: Uint8Array): Generator<OnnxField> {
  const open: { readonly message: Message; readonly messageFrom: number; readonly reader: Reader }[] = [
    { message: 'model', messageFrom: 0, reader: new Reader(bytes, 0, bytes.length) },
  ];
  for (let part = open.at(-1); part !== undefined; part = open.at(-1)) {
    if (part.reader.atEnd) {
      open.pop();
      continue;
    }
    const { field, wireType } = part.reader.tag();
    const content = part.reader.content(wireType);
    yield { message: part.message, messageFrom: part.messageFrom, field, wireType, ...content };
    const message = messageIn(part.message, field, wireType);
    if (message === undefined) continue;
    if (open.length === MAX_DEPTH) throw new Unreadable();
    const { from, to } = content;
    open.push({ message, messageFrom: from, reader: new Reader(bytes, from, to) });
  }
}

/** @returns the message type of a field; undefined when the field contains no tensors. */
export function messageIn(message: Message, field: number, wireType: number): Message | undefined {
  if (wireType !== LENGTH_DELIMITED) return undefined;
  return (MESSAGES[message] as Readonly<Record<number, Message>>)[field];
}

/** Reads the fields of one message in order. */
export class Reader {
  #at: number;

  constructor(
    private readonly bytes: Uint8Array,
    from: number,
    private readonly to: number,
  ) {
    this.#at = from;
  }

  get atEnd(): boolean {
    return this.#at >= this.to;
  }

  /** Offset of the next byte. */
  get at(): number {
    return this.#at;
  }

  tag(): { field: number; wireType: number } {
    const tag = this.#varint(MAX_TAG_BYTES) % 2 ** 32;
    return { field: Math.floor(tag / 8), wireType: tag % 8 };
  }

  /** @returns the value of a varint (inexact above 2^53, but 0 only for 0), and the range of the content. */
  content(wireType: number): { value: number; from: number; to: number } {
    let value = 0;
    let from = this.#at;
    if (wireType === VARINT) value = this.#varint(MAX_VARINT_BYTES);
    else if (wireType === SIXTY_FOUR_BIT) this.#at += 8;
    else if (wireType === THIRTY_TWO_BIT) this.#at += 4;
    else if (wireType === LENGTH_DELIMITED) {
      const length = this.#varint(MAX_VARINT_BYTES);
      from = this.#at;
      this.#at += length;
    } else throw new Unreadable();
    if (this.#at > this.to) throw new Unreadable();
    return { value, from, to: this.#at };
  }

  #varint(mostBytes: number): number {
    let value = 0;
    for (let index = 0; index < mostBytes; index++) {
      const byte = this.#at < this.to ? this.bytes[this.#at++] : undefined;
      if (byte === undefined) throw new Unreadable();
      value += (byte & 127) * 2 ** (7 * index);
      if (byte < 128) return value;
    }
    throw new Unreadable();
  }
}
