import type { Budget } from './budget.js';
import type { Bytes } from './bytes.js';

/** A box of an ISO base media file (ISO/IEC 14496-12, 4.2), without its header. */
export interface Box {
  readonly type: string;
  readonly content: Bytes;
}

/** Boxes that contain boxes, with the number of bytes before the first one. */
const CONTAINERS: Readonly<Record<string, number>> = {
  meta: 4,
  iprp: 0,
  moov: 0,
  trak: 0,
  mdia: 0,
  minf: 0,
  stbl: 0,
};

/** The boxes in these bytes, without inner boxes. Each takes at least eight of the bytes. */
export function* boxesIn(bytes: Bytes): Generator<Box> {
  for (let at = 0; at + 8 <= bytes.length; ) {
    const short = bytes.u32(at);
    // 1: a 64-bit length follows; 0: the box extends to the end.
    const headerBytes = short === 1 ? 16 : 8;
    const length = short === 1 ? bytes.u64(at + 8) : short === 0 ? bytes.length - at : short;
    if (length < headerBytes) return;
    const content = bytes.piece(at + headerBytes, length - headerBytes);
    yield { type: bytes.text(at + 4, 4), content };
    at += length;
  }
}

/**
 * Visits every box without inner boxes, in the order of the file.
 * @param count is decreased by one for each box, which also bounds the depth.
 * @throws TesseraError unsupported_image when there are too many.
 */
export function walkBoxes(bytes: Bytes, count: Budget, onBox: (box: Box) => void): void {
  for (const box of boxesIn(bytes)) {
    count.spend(1);
    const before = CONTAINERS[box.type];
    if (before === undefined) onBox(box);
    else walkBoxes(box.content.piece(before, box.content.length), count, onBox);
  }
}
