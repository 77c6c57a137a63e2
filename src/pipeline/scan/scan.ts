import type { InputFormat } from '../../domain/types.js';
import { Bytes, EndOfBytes } from '../containers/bytes.js';
import type { FileFacts } from '../image-facts.js';
import type { PipelineLimits } from '../limits.js';
import { scanAvif, scanHeic } from './avif/avif.js';
import { scanGif } from './gif.js';
import { scanJpeg } from './jpeg.js';
import { scanPng } from './png.js';
import { scanTiff } from './tiff/tiff.js';
import { scanWebp } from './webp.js';

/** Scans by format. BMP needs none: its reader reads a header of fixed length, and pixels in one pass. */
const SCANS: Readonly<Partial<Record<InputFormat, (bytes: Bytes, limits: PipelineLimits) => FileFacts>>> = {
  jpeg: scanJpeg,
  png: scanPng,
  webp: scanWebp,
  tiff: scanTiff,
  avif: scanAvif,
  heic: scanHeic,
  gif: scanGif,
};

/**
 * Walks the structure of an image without decoding anything. It refuses structures that no usual picture has and that
 * cost decoders far more time or memory than the picture's size suggests, and kinds of pictures that decoders would
 * show wrongly. Damage is left to the decoder, which reports it better.
 * @param format from `sniff`.
 * @returns facts that the decoder does not know; none for a file that ends too early.
 * @throws TesseraError unsupported_image, image_too_large; the system's error when the file cannot be read.
 */
export function scanStructure(path: string, format: InputFormat, limits: PipelineLimits): FileFacts {
  try {
    return Bytes.ofFile(path, (bytes) => SCANS[format]?.(bytes, limits) ?? {});
  } catch (thrown) {
    if (!(thrown instanceof EndOfBytes)) throw thrown;
    return {};
  }
}
