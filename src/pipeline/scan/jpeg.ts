import { Budget } from '../containers/budget.js';
import type { Bytes } from '../containers/bytes.js';
import { segmentsOf } from '../containers/jpeg-segments.js';
import type { FileFacts } from '../image-facts.js';
import { excess, unsupported } from '../refusals.js';
import { scanExif } from './tiff/exif.js';

const FORMAT = 'JPEG';

/** Segments before the first scan. Profiles and metadata come in pieces of 64 kB. */
const MAX_SEGMENTS = 2000;
const MAX_SEGMENT_BYTES = 32_000_000;
/** Skipped bytes between segments; usual pictures have none. */
const MAX_FILL_BYTES = 100_000;

/**
 * Scans. Encoders write about ten. Each scan is a walk over all blocks of the picture before the first row is
 * available, and cannot be stopped.
 */
const MAX_SCANS = 64;
/** Number of scans up to which only the limit of pixels counts. */
const DEFAULT_SCANS = 16;
/** Blocks of all scans together, above that number: 15 ns each. */
const MAX_BLOCK_VISITS = 50_000_000;
/** Factor of the time of an arithmetically coded block. */
const ARITHMETIC_COST = 4;

/** Markers (T.81, table B.1). */
const SOF0 = 0xc0;
const SOF1 = 0xc1;
/** First of the frame markers with arithmetic coding. */
const SOF9 = 0xc9;
const SOF15 = 0xcf;
/** Markers among the frame numbers that are no frames: Huffman tables, a reserved one, arithmetic conditioning. */
const NOT_FRAMES: ReadonlySet<number> = new Set([0xc4, 0xc8, 0xcc]);
/** Coding processes that libjpeg does not decode. */
const UNREAD_PROCESSES: Readonly<Record<number, string>> = {
  195: 'Lossless',
  197: 'Hierarchical',
  198: 'Hierarchical',
  199: 'Hierarchical',
  203: 'Lossless',
  205: 'Hierarchical',
  206: 'Hierarchical',
  207: 'Hierarchical',
};
const SAVE_AGAIN = 'Save the picture again as an ordinary JPEG, of 8 bits per channel.';
const SOS = 0xda;
const APP1 = 0xe1;
const START_OF_SCAN = Buffer.from([0xff, SOS]);
const EXIF_NAME = 'Exif\0\0';

/** Read size for searching entropy-coded data. */
const PIECE_BYTES = 1_000_000;

/** Content of the frame header. */
interface Frame {
  readonly marker: number;
  readonly components: number;
  /** Largest of all components. */
  readonly blocks: number;
}

/**
 * Walks the segments, and counts the scans of a picture with several.
 * @throws TesseraError unsupported_image.
 */
export function scanJpeg(bytes: Bytes): FileFacts {
  const segments = new Budget(FORMAT, MAX_SEGMENTS, 'segments before its pixels');
  const segmentBytes = new Budget(FORMAT, MAX_SEGMENT_BYTES, 'bytes before its pixels');
  const fill = new Budget(FORMAT, MAX_FILL_BYTES, 'fill bytes before its pixels');
  let frame: Frame | undefined;
  let strayBytes = false;
  const skipped = (count: number, stray: boolean) => {
    fill.spend(count);
    strayBytes ||= stray;
  };
  for (const { marker, at, length, content } of segmentsOf(bytes, skipped)) {
    if (marker === SOS) {
      // A scan of all components of a sequential picture is the only one.
      const only = frame !== undefined && frame.marker <= SOF1 && bytes.u8(at + 4) === frame.components;
      if (frame !== undefined && !only) checkScans(countScans(bytes, at), frame);
      return strayBytes ? { strayBytes } : {};
    }
    segments.spend(1);
    segmentBytes.spend(length);
    if (marker >= SOF0 && marker <= SOF15 && !NOT_FRAMES.has(marker)) frame = readFrame(bytes, at);
    if (marker === APP1 && content.startsWith(EXIF_NAME))
      scanExif(content.piece(EXIF_NAME.length, content.length), FORMAT);
  }
  return {};
}

function readFrame(bytes: Bytes, at: number): Frame {
  const [height, width, components] = [bytes.u16(at + 5), bytes.u16(at + 7), bytes.u8(at + 9)];
  const process = UNREAD_PROCESSES[bytes.u8(at + 1)];
  if (process !== undefined) throw unsupported(`${process} JPEG images`, SAVE_AGAIN);
  if (height === 0)
    throw unsupported('JPEG images whose height stands behind their pixels (DNL)', SAVE_AGAIN);
  const bits = bytes.u8(at + 4);
  if (bits !== 8) throw unsupported(`JPEG images of ${bits} bits per channel`, SAVE_AGAIN);
  return {
    marker: bytes.u8(at + 1),
    components,
    blocks: Math.ceil(width / 8) * Math.ceil(height / 8) * components,
  };
}

function checkScans(scans: number, { marker, blocks }: Frame): void {
  const cost = scans * (marker >= SOF9 ? ARITHMETIC_COST : 1);
  if (cost > MAX_SCANS || (cost > DEFAULT_SCANS && cost * blocks > MAX_BLOCK_VISITS))
    throw excess(FORMAT, `${scans > MAX_SCANS ? `more than ${MAX_SCANS}` : scans} scans for its size`);
}

/**
 * Offsets of scans, at most `MAX_SCANS` + 1. Within entropy-coded data, 0xff is followed by 0 or a restart marker, so
 * the marker's two bytes are found only where a scan begins, or by a rare chance within a table.
 */
function countScans(bytes: Bytes, firstAt: number): number {
  let scans = 0;
  for (let from = firstAt; from < bytes.length - 1; from += PIECE_BYTES) {
    // One byte more, because a marker may lie across the border.
    const piece = bytes.read(from, Math.min(PIECE_BYTES + 1, bytes.length - from));
    for (let at = piece.indexOf(START_OF_SCAN); at >= 0; at = piece.indexOf(START_OF_SCAN, at + 2)) {
      scans += 1;
      if (scans > MAX_SCANS) return scans;
    }
  }
  return scans;
}
