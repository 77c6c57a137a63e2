import type { Bytes } from '../containers/bytes.js';

/** Codes have at most 12 bits (GIF89a, appendix F). */
const MAX_CODES = 4096;
const MAX_BITS = 12;

/**
 * Pixels that the data of a frame encode, up to `most`. Decoders fill missing ones with black. Only the lengths of
 * codes are followed, not the colours.
 * @param at offset of the data: the code size, then sub-blocks.
 * @throws EndOfBytes where the file ends before them.
 */
export function codedGifPixels(bytes: Bytes, at: number, most: number): number {
  const rootBits = bytes.u8(at);
  if (rootBits < 1 || rootBits >= MAX_BITS) return 0;
  const clear = 2 ** rootBits;
  const lengths = new Uint32Array(MAX_CODES).fill(1, 0, clear);
  let [next, codeBits, previous] = [clear + 2, rootBits + 1, -1];
  let [held, heldBits, pixels] = [0, 0, 0];
  let block = at + 1;
  for (let length = bytes.u8(block); length > 0; length = bytes.u8(block)) {
    for (const byte of bytes.read(block + 1, length)) {
      held |= byte << heldBits;
      heldBits += 8;
      while (heldBits >= codeBits) {
        const code = held & (2 ** codeBits - 1);
        held >>>= codeBits;
        heldBits -= codeBits;
        if (code === clear) {
          [next, codeBits, previous] = [clear + 2, rootBits + 1, -1];
          continue;
        }
        // The end code, or a code that is not in the table yet.
        if (code === clear + 1 || code > next || (previous < 0 && code >= clear)) return pixels;
        const grown = previous < 0 ? 0 : (lengths[previous] ?? 0) + 1;
        pixels += code === next ? grown : (lengths[code] ?? 0);
        if (pixels >= most) return most;
        if (previous >= 0 && next < MAX_CODES) {
          lengths[next] = grown;
          next += 1;
          if (next === 2 ** codeBits && codeBits < MAX_BITS) codeBits += 1;
        }
        previous = code;
      }
    }
    block += 1 + length;
  }
  return pixels;
}
