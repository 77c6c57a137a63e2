import { Budget } from '../containers/budget.js';
import { type Bytes, EndOfBytes } from '../containers/bytes.js';
import type { Area, FileFacts } from '../image-facts.js';
import { checkInputSize, type PipelineLimits } from '../limits.js';
import { damaged } from '../refusals.js';
import { codedGifPixels } from './gif-pixels.js';

const FORMAT = 'GIF';

/** Frames. The decoder lists them all first: 0.4 µs and 100 bytes each. */
const MAX_FRAMES = 100_000;
/** Extensions such as comments; each frame has one or two of its own. */
const MAX_EXTENSIONS = 300_000;
/** Encoders fill sub-blocks of 255 bytes, except the last one of a block. */
const SHORT_PIECE_BYTES = 64;
/** Sub-blocks beyond what frames and extensions need: 0.2 µs each, here and in the decoder. */
const MAX_SHORT_PIECES = 500_000;

const EXTENSION = 0x21;
const IMAGE = 0x2c;

/** Results of the walk over the frames. */
interface Frames {
  count: number;
  first?: Area;
  /** Offset of its data. */
  firstDataAt: number;
  /** End of the first frame's data. */
  firstEnd?: number;
}

/**
 * Walks the blocks (GIF89a specification, 17 to 27), as far as they go: later frames may be damaged, since only the
 * first is shown.
 * @throws TesseraError unsupported_image; image_too_large; corrupt_image when the first frame has no pixels, or fewer
 * than it declares.
 */
export function scanGif(bytes: Bytes, limits: PipelineLimits): FileFacts {
  const frames: Frames = { count: 0, firstDataAt: 0 };
  try {
    walkBlocks(bytes, frames);
  } catch (thrown) {
    if (!(thrown instanceof EndOfBytes)) throw thrown;
  }
  const { count, first, firstEnd } = frames;
  if (first === undefined || firstEnd === undefined) return {};
  checkInputSize(first.width, first.height, limits);
  const area = first.width * first.height;
  if (area === 0 || codedGifPixels(bytes, frames.firstDataAt, area) < area) throw damaged(FORMAT);
  const [width, height] = [bytes.u16(6, true), bytes.u16(8, true)];
  const whole = first.left === 0 && first.top === 0 && first.width >= width && first.height >= height;
  return { pages: count, firstFrameEnd: firstEnd, ...(whole ? {} : { covered: first }) };
}

function walkBlocks(bytes: Bytes, found: Frames): void {
  const frames = new Budget(FORMAT, MAX_FRAMES, 'frames');
  const extensions = new Budget(FORMAT, MAX_EXTENSIONS, 'extensions');
  const shortPieces = new Budget(FORMAT, MAX_SHORT_PIECES, 'short pieces of data');
  for (let at = 13 + colourTableBytes(bytes.u8(10)); ; ) {
    const kind = bytes.u8(at);
    if (kind === EXTENSION) {
      extensions.spend(1);
      at = afterSubBlocks(bytes, at + 2, shortPieces);
    } else if (kind === IMAGE) {
      frames.spend(1);
      found.count += 1;
      found.first ??= areaAt(bytes, at + 1);
      // After the descriptor and its colour table come the code size and the data.
      const dataAt = at + 10 + colourTableBytes(bytes.u8(at + 9));
      if (found.count === 1) found.firstDataAt = dataAt;
      at = afterSubBlocks(bytes, dataAt + 1, shortPieces);
      found.firstEnd ??= at;
    } else return;
  }
}

function areaAt(bytes: Bytes, at: number): Area {
  return {
    left: bytes.u16(at, true),
    top: bytes.u16(at + 2, true),
    width: bytes.u16(at + 4, true),
    height: bytes.u16(at + 6, true),
  };
}

/** Length of the colour table, by the flags of a screen or an image. */
function colourTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

/** Sub-blocks begin with their length; one of length 0 is the last. */
function afterSubBlocks(bytes: Bytes, start: number, shortPieces: Budget): number {
  let at = start;
  for (let length = bytes.u8(at); length > 0; length = bytes.u8(at)) {
    if (length < SHORT_PIECE_BYTES) shortPieces.spend(1);
    at += 1 + length;
  }
  return at + 1;
}
