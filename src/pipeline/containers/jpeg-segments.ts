import type { Bytes } from './bytes.js';

/** Markers without a segment (T.81, table B.1). */
const TEM = 0x01;
const RST0 = 0xd0;
const RST7 = 0xd7;
const EOI = 0xd9;
const SOS = 0xda;

interface Segment {
  readonly marker: number;
  /** Offset of the marker. */
  readonly at: number;
  /** Length of the segment without its marker, as declared. */
  readonly length: number;
  /** After marker and length; cut at the end of the file. */
  readonly content: Bytes;
}

/**
 * The segments of a JPEG up to and including the first scan, or to the end. Bytes between segments are skipped, as
 * libjpeg does: fill bytes, stray bytes, markers without a segment.
 * @param onSkipped called with the number of bytes, and whether they are meaningless.
 * @throws EndOfBytes
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
    yield { marker, at, length, content: bytes.piece(at + 4, length - 2) };
    if (marker === SOS) return;
    at += 2 + length;
  }
}
