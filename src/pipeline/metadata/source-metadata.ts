import type { Metadata } from 'sharp';
import type { InputFormat } from '../../domain/types.js';
import { Bytes, EndOfBytes } from '../containers/bytes.js';
import { chunksOf } from '../containers/png-chunks.js';
import type { Resolution, SourceMetadata } from './image-metadata.js';
import { jpegResolution, readExtendedXmp } from './jpeg-segments.js';
import { METRES_IN_INCH, resolutionOf, resolutionOfExif, resolutionOfTiff } from './resolution.js';
import { exifOfTiff } from './tiff-exif.js';

/** Offset of the horizontal pixels per metre in BITMAPINFOHEADER; the vertical ones follow. */
const BMP_RESOLUTION_AT = 38;
const BMP_INFO_HEADER_BYTES = 40;

/**
 * Reads the metadata of an image.
 * @param found by sharp: EXIF of all formats but TIFF, and XMP.
 * @param keep whether to read what may reveal people, places and times.
 */
export function sourceMetadata(
  path: string,
  format: InputFormat,
  found: Pick<Metadata, 'exif' | 'xmp'>,
  keep: boolean,
): SourceMetadata {
  return Bytes.ofFile(path, (bytes) => {
    const resolution = resolutionIn(bytes, format, found.exif);
    const known = resolution === undefined ? {} : { resolution };
    if (!keep) return known;
    const exif = format === 'tiff' ? exifOfTiff(bytes) : found.exif;
    const extendedXmp = format === 'jpeg' && found.xmp !== undefined ? readExtendedXmp(bytes) : undefined;
    return {
      ...known,
      ...(exif === undefined ? {} : exif === 'unreadable' ? { exifUnreadable: true } : { exif }),
      ...(found.xmp === undefined ? {} : { xmp: found.xmp }),
      ...(extendedXmp === undefined ? {} : { extendedXmp }),
    };
  });
}

/** The resolution of a BMP file. @param head its beginning. */
export function bmpResolution(head: Buffer): Resolution | undefined {
  if (head.length < BMP_RESOLUTION_AT + 8 || head.readUInt32LE(14) < BMP_INFO_HEADER_BYTES) return undefined;
  const x = head.readInt32LE(BMP_RESOLUTION_AT) * METRES_IN_INCH;
  return resolutionOf(x, head.readInt32LE(BMP_RESOLUTION_AT + 4) * METRES_IN_INCH);
}

/** The order of most readers: PNG's own resolution before that of its EXIF, EXIF before JPEG's own. */
function resolutionIn(bytes: Bytes, format: InputFormat, exif: Buffer | undefined): Resolution | undefined {
  const ofExif = () => (exif === undefined ? undefined : resolutionOfExif(exif));
  try {
    switch (format) {
      case 'tiff':
        return resolutionOfTiff(bytes);
      case 'png':
        return pngResolution(bytes) ?? ofExif();
      case 'jpeg':
        return ofExif() ?? jpegResolution(bytes);
      default:
        return ofExif();
    }
  } catch (thrown) {
    if (thrown instanceof EndOfBytes) return ofExif();
    throw thrown;
  }
}

/** Resolution in the chunk `pHYs`, which precedes the pixels. */
function pngResolution(bytes: Bytes): Resolution | undefined {
  for (const { type, data } of chunksOf(bytes)) {
    if (type === 'IDAT') break;
    if (type === 'pHYs')
      return data.u8(8) === 1
        ? resolutionOf(data.u32(0) * METRES_IN_INCH, data.u32(4) * METRES_IN_INCH)
        : undefined;
  }
  return undefined;
}
