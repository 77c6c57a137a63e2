import type { RgbSpace } from './colour/rgb-space.js';
import type { YCbCr } from './colour/ycbcr.js';

/** A rectangle of pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Facts in a file about its pixels that libvips does not pass on. Each is absent where the decoder knows it. */
export interface FileFacts {
  /** Frames or pages. */
  readonly pages?: number;
  /** Index of the decoded alpha channel, from 0; `none` where channels beyond the colours are something else. */
  readonly alphaChannel?: number | 'none';
  /** Colours are premultiplied by alpha. */
  readonly premultiplied?: boolean;
  /** The three RGB channels are really of this kind. */
  readonly ycbcr?: YCbCr;
  /** The colours are RGB of this space, and no profile says so. */
  readonly rgbSpace?: RgbSpace;
  /** Video range: black is 16 and white 235, of 255. */
  readonly videoRange?: boolean;
  /** Area of the canvas that the first frame covers; the rest is transparent. */
  readonly covered?: Area;
  /** Meaningless bytes precede the pixels. Decoders warn of them and skip them. */
  readonly strayBytes?: boolean;
  /** The file is an image sequence first, with a still picture beside it (brand `avis`). */
  readonly sequence?: boolean;
  /** End of the first frame's data, in bytes from the beginning of the file. */
  readonly firstFrameEnd?: number;
}
