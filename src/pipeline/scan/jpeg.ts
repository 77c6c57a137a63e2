import type { Bytes } from './bytes.js';
import { Budget } from './excess.js';
import { scanExif } from './exif.js';

const FORMAT = 'JPEG';

/** Segments before the first scan: profiles and the like come in pieces of 64 kB. */
const MAX_SEGMENTS = 2000;
/** Encoders write about ten; each one is a walk over the whole picture, which nothing can stop. */
const MAX_SCANS = 100;

/** Markers (T.81, table B.1). */
const SOF0 = 0xc0;
const SOF1 = 0xc1;
const SOF15 = 0xcf;
/** Not frames though among their numbers: tables of Huffman codes, a reserved one, arithmetic conditioning. */
const NOT_FRAMES: ReadonlySet<number> = new Set([0xc4, 0xc8, 0xcc]);
const EOI = 0xd9;
const SOS = 0xda;
const APP1 = 0xe1;
const START_OF_SCAN = Buffer.from([0xff, SOS]);
const EXIF_NAME = 'Exif\0\0';

/** So much of the entropy-coded data is searched at once. */
const PIECE_BYTES = 1_000_000;

/** Walks the segments, and counts the scans of a picture that has several. @throws TesseraError unsupported_image. */
export function scanJpeg(bytes: Bytes): void {
  const segments = new Budget(FORMAT, MAX_SEGMENTS, 'segments before its pixels');
  let components = 0;
  let sequential = false;
  for (let at = 2; ; ) {
    // Any number of fill bytes may stand before a marker.
    if (bytes.u8(at) !== 0xff) return;
    while (bytes.u8(at + 1) === 0xff) at += 1;
    const marker = bytes.u8(at + 1);
    if (marker === EOI) return;
    const length = bytes.u16(at + 2);
    if (marker === SOS) {
      // A scan of all components of a sequential picture is its only one.
      if (!sequential || bytes.u8(at + 4) !== components) countScans(bytes, at);
      return;
    }
    segments.spend(1);
    if (marker >= SOF0 && marker <= SOF15 && !NOT_FRAMES.has(marker)) {
      components = bytes.u8(at + 9);
      sequential = marker <= SOF1;
    }
    if (marker === APP1 && length > 8 && bytes.text(at + 4, 6) === EXIF_NAME)
      scanExif(bytes.piece(at + 10, length - 8), FORMAT);
    at += 2 + length;
  }
}

/**
 * Counts starts of scans. Within entropy-coded data 0xff is followed by 0 or a restart marker, so the two bytes are found only where one
 * begins, or by a rare chance within a table.
 */
function countScans(bytes: Bytes, firstAt: number): void {
  const scans = new Budget(FORMAT, MAX_SCANS, 'scans');
  for (let from = firstAt; from < bytes.length - 1; from += PIECE_BYTES) {
    // One byte more: a marker may lie across the border.
    const piece = bytes.read(from, Math.min(PIECE_BYTES + 1, bytes.length - from));
    for (let at = piece.indexOf(START_OF_SCAN); at >= 0; at = piece.indexOf(START_OF_SCAN, at + 2))
      scans.spend(1);
  }
}
