import type { Bytes } from '../../containers/bytes.js';
import type { Directory } from '../../containers/tiff-directory.js';
import { unsupported } from '../../refusals.js';

const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const MAKE = 271;
const DNG_VERSION = 50706;

/**
 * Values of PhotometricInterpretation of sensor data: one colour per pixel, or all three before development (DNG
 * specification 1.7).
 */
const SENSOR_PHOTOMETRICS: ReadonlySet<number> = new Set([32803, 34892]);
/** Compressions of Sony, Samsung, Nikon and Pentax (ExifTool's table of TIFF compressions). */
const SENSOR_COMPRESSIONS: ReadonlySet<number> = new Set([32767, 32769, 32770, 34713, 65535]);

/** Usual file ending by maker. */
const KIND_BY_MAKE: readonly (readonly [make: string, kind: string])[] = [
  ['NIKON', 'NEF'],
  ['SONY', 'ARW'],
  ['PENTAX', 'PEF'],
  ['RICOH', 'PEF'],
  ['SAMSUNG', 'SRW'],
  ['CANON', 'CR2'],
  ['HASSELBLAD', '3FR'],
  ['KODAK', 'DCR'],
  ['EPSON', 'ERF'],
  ['PHASE ONE', 'IIQ'],
  ['LEAF', 'MOS'],
  ['MAMIYA', 'MEF'],
];

const ADVICE =
  'Develop the picture first, to JPEG or TIFF for example: the small preview inside is not what was taken.';

/**
 * The error for camera RAW.
 * @param kind the usual ending of such files, in capitals; empty when unknown.
 */
export function cameraRaw(kind: string) {
  return unsupported(`Camera RAW files${kind === '' ? '' : ` (${kind})`}`, ADVICE);
}

/**
 * Refuses a Canon CR2, which has its name and version between the header and the first directory.
 * @throws TesseraError unsupported_image.
 */
export function refuseCr2(bytes: Bytes): void {
  if (bytes.text(8, 3) === 'CR\x02' && bytes.u32(4, true) === 16) throw cameraRaw('CR2');
}

/**
 * Refuses camera RAW, which is TIFF by its first bytes and has a small preview as its first page: any directory may
 * show it.
 * @param first directory of the first page, which names the camera's maker.
 * @param head the four bytes after the TIFF header.
 * @throws TesseraError unsupported_image.
 */
export function refuseRaw(directory: Directory, first: Directory, head: string): void {
  if (directory.has(DNG_VERSION)) throw cameraRaw('DNG');
  const make = first.text(MAKE);
  // Other programs store pixels there.
  if (/^(phase one|leaf)/i.test(make) && (head === 'IIII' || head === 'MMMM')) throw cameraRaw('IIQ');
  const [photometric, compression] = [directory.number(PHOTOMETRIC), directory.number(COMPRESSION)];
  if (
    (photometric !== undefined && SENSOR_PHOTOMETRICS.has(photometric)) ||
    (compression !== undefined && SENSOR_COMPRESSIONS.has(compression))
  ) {
    const named = make.toUpperCase();
    throw cameraRaw(KIND_BY_MAKE.find(([start]) => named.startsWith(start))?.[1] ?? '');
  }
}
