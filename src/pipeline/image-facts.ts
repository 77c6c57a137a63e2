import type { RgbSpace } from './colour/rgb-space.js';
import type { YCbCr } from './colour/ycbcr.js';

/** A rectangle of pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What a file says of its pixels that libvips does not pass on. Each is absent where the decoder knows as much. */
export interface FileFacts {
  /** Frames or pages. */
  readonly pages?: number;
  /** Which of the decoded channels is alpha, from 0; `none` where channels beyond the colours are something else. */
  readonly alphaChannel?: number | 'none';
  /** Colours are multiplied with alpha. */
  readonly premultiplied?: boolean;
  /** Three channels that are called RGB are these. */
  readonly ycbcr?: YCbCr;
  /** The colours are RGB of this space, and no profile says so. */
  readonly rgbSpace?: RgbSpace;
  /** Black is 16 and white 235, of 255. */
  readonly videoRange?: boolean;
  /** The first frame of an animation covers this much of the canvas; the rest is transparent. */
  readonly covered?: Area;
  /** Bytes of no meaning stand before the pixels, which decoders warn of and skip. */
  readonly strayBytes?: boolean;
  /** It is an image sequence first, and a still picture only beside that (brand `avis`). */
  readonly sequence?: boolean;
  /** Where the data of the first frame end, in bytes from the beginning of the file. */
  readonly firstFrameEnd?: number;
}
