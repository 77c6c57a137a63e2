import type { Bytes } from '../bytes.js';
import type { Budget } from '../excess.js';

/** A box of an ISO base media file (ISO/IEC 14496-12, 4.2), without its header. */
export interface Box {
  readonly type: string;
  readonly content: Bytes;
}

/** Boxes that hold further boxes, with the bytes before the first of them. */
const CONTAINERS: Readonly<Record<string, number>> = {
  meta: 4,
  iprp: 0,
  moov: 0,
  trak: 0,
  mdia: 0,
  minf: 0,
  stbl: 0,
};

/**
 * Tells of every box that holds no further ones, in the order of the file.
 * @param count spent by one for each box. @param containers boxes that are looked into, by the bytes before their first one.
 * @throws TesseraError unsupported_image, when that is too many.
 */
export function walkBoxes(
  bytes: Bytes,
  count: Budget,
  onBox: (box: Box) => void,
  containers = CONTAINERS,
): void {
  for (let at = 0; at + 8 <= bytes.length; ) {
    count.spend(1);
    const short = bytes.u32(at);
    const type = bytes.text(at + 4, 4);
    // 1: the length follows in 64 bits; 0: the box takes the rest.
    const headerBytes = short === 1 ? 16 : 8;
    const length = short === 1 ? bytes.u64(at + 8) : short === 0 ? bytes.length - at : short;
    if (length < headerBytes) return;
    const content = bytes.piece(at + headerBytes, length - headerBytes);
    const before = containers[type];
    if (before === undefined) onBox({ type, content });
    else walkBoxes(content.piece(before, content.length), count, onBox, containers);
    at += length;
  }
}
