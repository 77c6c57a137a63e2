import type { Bytes } from './bytes.js';

const SIGNATURE_BYTES = 8;
/** Bytes around the data of a chunk: length, type, checksum. */
export const CHUNK_OVERHEAD_BYTES = 12;

interface Chunk {
  readonly type: string;
  /** Offset of the chunk. */
  readonly at: number;
  /** Length of its data, as declared. */
  readonly length: number;
  /** Cut at the end of the file. */
  readonly data: Bytes;
}

/**
 * The chunks of a PNG before `IEND`.
 * @throws EndOfBytes
 */
export function* chunksOf(bytes: Bytes): Generator<Chunk> {
  for (let at = SIGNATURE_BYTES; ; ) {
    const length = bytes.u32(at);
    const type = bytes.text(at + 4, 4);
    if (type === 'IEND') return;
    yield { type, at, length, data: bytes.piece(at + 8, length) };
    at += CHUNK_OVERHEAD_BYTES + length;
  }
}
