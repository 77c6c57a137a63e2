/** Numbers in [0, 1) that a seed repeats: mulberry32, by Tommy Ettinger (public domain). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What lengths, counts and offsets are set to: borders of their types, and what is near to them. */
const TELLING = [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** Most copies of a piece that are put behind it. */
const MAX_COPIES = 2000;
const MAX_BYTES = 4_000_000;

/** A copy of a picture with one to eight changes, most of them near its beginning, where its structure is described. */
export function mutated(picture: Buffer, other: Buffer, random: () => number): Buffer {
  let bytes: Buffer = Buffer.from(picture);
  for (let changes = 1 + Math.floor(random() * 8); changes > 0 && bytes.length > 0; changes--) {
    bytes = changed(bytes, other, random);
  }
  return bytes.subarray(0, MAX_BYTES);
}

function changed(bytes: Buffer, other: Buffer, random: () => number): Buffer {
  const below = (limit: number) => Math.floor(random() * limit);
  // The square of a random number is small more often than not.
  const at = Math.floor(random() ** 2 * bytes.length);
  const length = Math.min(bytes.length - at, 1 + below(64));
  const telling = TELLING[below(TELLING.length)] ?? 0;
  switch (below(8)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
      return bytes;
    case 1:
      bytes[at] = telling & 0xff;
      return bytes;
    case 2:
    case 3: {
      const width = random() < 0.5 ? 2 : 4;
      if (at + width > bytes.length) return bytes;
      const value = width === 2 ? telling & 0xffff : telling;
      if (random() < 0.5) bytes.writeUIntLE(value, at, width);
      else bytes.writeUIntBE(value, at, width);
      return bytes;
    }
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 5: {
      const copies = random() < 0.9 ? 1 + below(8) : below(MAX_COPIES);
      const piece = bytes.subarray(at, at + length);
      const many = Buffer.alloc(piece.length * copies, piece);
      return Buffer.concat([bytes.subarray(0, at), many, bytes.subarray(at)]);
    }
    case 6:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length))]);
    default:
      return bytes.subarray(0, Math.max(1, at));
  }
}
