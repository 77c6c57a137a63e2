import type { Bytes } from './bytes.js';

/** Markers that stand alone (T.81, table B.1). */
const TEM = 0x01;
const RST0 = 0xd0;
const RST7 = 0xd7;
const EOI = 0xd9;
const SOS = 0xda;

/** A marker with its length and what it holds. */
interface Segment {
  readonly marker: number;
  /** Where the marker is. */
  readonly at: number;
  /** Of the segment without its marker, as it says itself. */
  readonly length: number;
}

/**
 * The segments of a JPEG up to the first scan, which is the last of them, or to its end. What stands between them is skipped, as libjpeg does: fill
 * bytes, stray ones, markers that stand alone.
 * @param onSkipped told of the bytes, and whether they mean nothing. @throws EndOfBytes
 */
export function* segmentsOf(
  bytes: Bytes,
  onSkipped: (count: number, stray: boolean) => void = () => {},
): Generator<Segment> {
  for (let at = 2; ; ) {
    const [first, marker] = [bytes.u8(at), bytes.u8(at + 1)];
    if (first !== 0xff || marker === 0xff || marker === 0) {
      onSkipped(1, first !== 0xff || marker === 0);
      at += 1;
      continue;
    }
    if (marker === EOI) return;
    if (marker === TEM || (marker >= RST0 && marker <= RST7)) {
      onSkipped(2, false);
      at += 2;
      continue;
    }
    const length = bytes.u16(at + 2);
    yield { marker, at, length };
    if (marker === SOS) return;
    at += 2 + length;
  }
}
