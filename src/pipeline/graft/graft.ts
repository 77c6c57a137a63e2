import type { OutputFormat } from '../../domain/types.js';
import { Bytes } from '../containers/bytes.js';
import type { ResultMetadata } from '../metadata/image-metadata.js';
import { metadataSegments } from '../metadata/jpeg-segments.js';
import { graftAvif } from './avif.js';
import { graftPng } from './png.js';
import { type Splice, splice } from './splice.js';
import { graftTiff } from './tiff.js';
import { graftWebp } from './webp.js';

const JPEG_START_BYTES = 2;

const GRAFTS: Readonly<Record<OutputFormat, (file: Bytes, metadata: ResultMetadata) => readonly Splice[]>> = {
  jpeg: (_, metadata) => [{ at: JPEG_START_BYTES, removed: 0, bytes: metadataSegments(metadata) }],
  png: graftPng,
  webp: graftWebp,
  avif: graftAvif,
  tiff: graftTiff,
};

/**
 * Inserts metadata into an encoded file, byte by byte. libvips would parse EXIF and lose what its library does not
 * know, writes none into TIFF, and leaves out more than 64 kB.
 * @param path of a file that our encoder wrote, without EXIF and XMP.
 * @returns its bytes.
 * @throws TesseraError disk_full.
 */
export function graft(path: string, format: OutputFormat, metadata: ResultMetadata): Promise<number> {
  return splice(
    path,
    Bytes.ofFile(path, (file) => GRAFTS[format](file, metadata)),
  );
}
