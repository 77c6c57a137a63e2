import { TesseraError } from '../../domain/errors.js';
import type { InputFormat } from '../../domain/types.js';
import { cameraRaw } from '../scan/tiff/camera-raw.js';

/** Number of leading bytes that `sniff` needs. */
export const SNIFF_BYTES = 512;

export const ACCEPTED_FORMATS = 'JPEG, PNG, WebP, TIFF, BMP, AVIF, GIF and HEIC';

/** Brands of the ISO base media container: of HEVC pictures, or of any codec. */
const HEIF_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'mif1', 'msf1']);

/** Camera RAW that does not look like TIFF; other kinds are found by their directories (`scan/tiff/camera-raw`). */
const RAW_KINDS: readonly (readonly [kind: string, matches: (head: Buffer, text: string) => boolean])[] = [
  ['RAF', (_, text) => text.startsWith('FUJIFILMCCD-RAW')],
  ['ORF', (_, text) => /^(IIR[OS]|MMOR)/.test(text)],
  ['RW2', (head) => startsWith(head, [0x49, 0x49, 0x55, 0])],
  ['MRW', (_, text) => text.startsWith('\0MRM')],
  ['X3F', (_, text) => text.startsWith('FOVb')],
  ['CR3', (head) => brands(head).includes('crx ')],
  ['CRW', (head, text) => startsWith(head, [0x49, 0x49, 0x1a, 0]) && text.slice(6, 10) === 'HEAP'],
];

/** Formats that are known in order to refuse them by name, with their article as spoken ("an SVG"). */
const KNOWN_OTHERS: readonly (readonly [name: string, matches: (head: Buffer, text: string) => boolean])[] = [
  ['a JPEG XL', (head) => startsWith(head, [0xff, 0x0a]) || boxType(head) === 'JXL '],
  ['a JPEG 2000', (head) => startsWith(head, [0xff, 0x4f, 0xff, 0x51]) || boxType(head) === 'jP  '],
  ['a PDF', (_, text) => text.startsWith('%PDF-')],
  ['a PostScript', (_, text) => text.startsWith('%!PS')],
  ['a Photoshop (PSD)', (_, text) => text.startsWith('8BPS')],
  ['an ICO', (head) => startsWith(head, [0, 0, 1, 0]) && head.readUInt16LE(4) > 0],
  ['a CUR', (head) => startsWith(head, [0, 0, 2, 0]) && head.readUInt16LE(4) > 0],
  ['an OpenEXR', (head) => startsWith(head, [0x76, 0x2f, 0x31, 0x01])],
  ['a Radiance HDR', (_, text) => text.startsWith('#?RADIANCE') || text.startsWith('#?RGBE')],
  ['a FITS', (_, text) => text.startsWith('SIMPLE  =')],
  ['a DirectDraw Surface (DDS)', (_, text) => text.startsWith('DDS ')],
  ['a QOI', (_, text) => text.startsWith('qoif')],
  ['a Netpbm', (_, text) => /^P[1-7][\s#]/.test(text)],
  [
    'a libvips',
    (head) => startsWith(head, [0xb6, 0xa6, 0xf2, 0x08]) || startsWith(head, [0x08, 0xf2, 0xa6, 0xb6]),
  ],
  ['a MATLAB', (_, text) => text.startsWith('MATLAB 5.0')],
  ['a ZIP', (head) => startsWith(head, [0x50, 0x4b, 0x03, 0x04])],
  ['a gzip', (head) => startsWith(head, [0x1f, 0x8b])],
  ['an MP4 or QuickTime video', (head) => boxType(head) === 'ftyp'],
  ['a WebM or Matroska video', (head) => startsWith(head, [0x1a, 0x45, 0xdf, 0xa3])],
  ['an SVG', (_, text) => /^\s*(<\?xml[^>]*>|<!--[\s\S]*?-->|<!DOCTYPE[^>]*>|\s)*<svg[\s>]/i.test(text)],
  ['an HTML', (_, text) => /^\s*<(!doctype html|html|head|body)[\s>]/i.test(text)],
];

function startsWith(head: Buffer, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => head[index] === byte);
}

function boxType(head: Buffer): string {
  return head.toString('latin1', 4, 8);
}

/** Major and compatible brands of an ISO base media file. */
function brands(head: Buffer): string[] {
  if (boxType(head) !== 'ftyp') return [];
  const end = Math.min(head.length, head.readUInt32BE(0));
  const found: string[] = [head.toString('latin1', 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) found.push(head.toString('latin1', at, at + 4));
  return found;
}

function acceptedFormat(head: Buffer): InputFormat | undefined {
  const text = head.toString('latin1', 0, 16);
  if (startsWith(head, [0xff, 0xd8, 0xff])) return 'jpeg';
  if (startsWith(head, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'webp';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'gif';
  if (startsWith(head, [0x49, 0x49, 0x2a, 0]) || startsWith(head, [0x4d, 0x4d, 0, 0x2a])) return 'tiff';
  if (startsWith(head, [0x49, 0x49, 0x2b, 0]) || startsWith(head, [0x4d, 0x4d, 0, 0x2b])) return 'tiff';
  // Plain text may also begin with "BM"; the size of the second header decides.
  if (
    text.startsWith('BM') &&
    head.length >= 18 &&
    [12, 40, 52, 56, 64, 108, 124].includes(head.readUInt32LE(14))
  )
    return 'bmp';
  if (brands(head).some((brand) => brand === 'avif' || brand === 'avis')) return 'avif';
  if (brands(head).some((brand) => HEIF_BRANDS.has(brand))) return 'heic';
  return undefined;
}

/**
 * Finds the format of an image from its first bytes, regardless of its name and declared type.
 * @param head the first `SNIFF_BYTES` bytes, or all there are.
 * @throws TesseraError unsupported_image, naming the format if it is recognised.
 */
export function sniff(head: Buffer): InputFormat {
  const refuse = (message: string) =>
    new TesseraError('unsupported_image', message, {
      details: { parameter: 'file', accepted: ACCEPTED_FORMATS },
    });
  if (head.length === 0) throw refuse('The file is empty.');
  const format = acceptedFormat(head);
  if (format !== undefined) return format;
  // Padded, because the checks below may read a few bytes beyond a tiny file.
  const padded = head.length < 16 ? Buffer.concat([head, Buffer.alloc(16)]) : head;
  const text = padded.toString('latin1');
  const raw = RAW_KINDS.find(([, matches]) => matches(padded, text));
  if (raw !== undefined) throw cameraRaw(raw[0]);
  const other = KNOWN_OTHERS.find(([, matches]) => matches(padded, text));
  if (other !== undefined)
    throw refuse(`This is ${other[0]} file, which is not supported. Accepted: ${ACCEPTED_FORMATS}.`);
  throw refuse(`The file is not an image that is known here. Accepted: ${ACCEPTED_FORMATS}.`);
}
