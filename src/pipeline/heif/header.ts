import type { ImageHeader } from '../../domain/types.js';
import { Bytes } from '../containers/bytes.js';
import { checkInputSize, type PipelineLimits } from '../limits.js';
import { unsupportedImage } from '../refusals.js';
import { scanStructure } from '../scan/scan.js';
import { checkColour } from './colour.js';
import { hevcInstalled } from './hevc/hevc-module.js';
import { readPicture } from './picture.js';

/**
 * Reads the header of a HEIC without loading the decoder.
 * @throws TesseraError unsupported_image, corrupt_image, image_too_large.
 */
export function readHeicHeader(path: string, limits: PipelineLimits): ImageHeader {
  checkDecoder();
  scanStructure(path, 'heic', limits);
  const picture = Bytes.ofFile(path, readPicture);
  const { shown, orientation, alpha, sixteenBit, pages, cicp, profile } = picture;
  checkInputSize(shown.width, shown.height, limits);
  checkColour(cicp, profile !== undefined);
  const turned = orientation > 4;
  return {
    format: 'heic',
    width: turned ? shown.height : shown.width,
    height: turned ? shown.width : shown.height,
    hasAlpha: alpha !== undefined,
    sixteenBit,
    pages,
  };
}

/** @throws TesseraError unsupported_image when the HEVC decoder is not installed. */
export function checkDecoder(): void {
  if (hevcInstalled()) return;
  throw unsupportedImage(
    'HEIC images need the optional package libheif-js, which is not installed here: `npm install libheif-js@1.23.2` in the folder of the service adds it. JPEG, which phones and photo applications export, is read without it.',
  );
}
