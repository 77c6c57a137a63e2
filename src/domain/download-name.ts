import { OUTPUT_FORMATS, type OutputFormat } from './types.js';

export const MEDIA_TYPES: Record<OutputFormat, string> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  avif: 'image/avif',
  tiff: 'image/tiff',
};

export const EXTENSIONS: Record<OutputFormat, string> = {
  jpeg: 'jpg',
  png: 'png',
  webp: 'webp',
  avif: 'avif',
  tiff: 'tif',
};

/** Other names that people and programs give a format, in small letters. */
export const FORMAT_SPELLINGS: Readonly<Record<string, OutputFormat>> = {
  jpg: 'jpeg',
  jpe: 'jpeg',
  jfif: 'jpeg',
  tif: 'tiff',
};

/** The format that a name or an ending means, in letters of any size; undefined for others. */
export function formatNamed(text: string): OutputFormat | undefined {
  const small = text.toLowerCase();
  return FORMAT_SPELLINGS[small] ?? OUTPUT_FORMATS.find((format) => format === small);
}

/** What a name may take in every usual file system, in bytes of UTF-8: the limit of ext4; APFS and NTFS allow 255 UTF-16 units or more. */
export const MAX_NAME_BYTES = 255;

/** What a stem may take, so that the longest that is put behind it, `_x7.99.webp`, and a number for its second copy fit too. */
export const MAX_STEM_BYTES = 240;

/** The longest beginning of a text that takes so many bytes of UTF-8, and ends where a character ends as people see it. */
export function cutToBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  let bytes = 0;
  let end = 0;
  for (const { segment, index } of new Intl.Segmenter().segment(text)) {
    bytes += Buffer.byteLength(segment);
    if (bytes > maxBytes) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}

/**
 * A client's file name, safe to show and to save under: no folders, no control characters, nothing that a file system
 * treats specially. `undefined` when nothing is left.
 */
export function safeName(fileName: string): string | undefined {
  const base = fileName.split(/[/\\]/).at(-1) ?? '';
  const extension = /\.[a-zA-Z0-9]{1,10}$/.exec(base)?.[0] ?? '';
  const stem = safeStem(base);
  return stem === undefined ? undefined : stem + extension;
}

/** The same without its extension. */
export function safeStem(fileName: string): string | undefined {
  const base = fileName.split(/[/\\]/).at(-1) ?? '';
  const stem = base
    .replace(/\.[^.]*$/, '')
    .replace(/[\p{C}<>:"|?*]/gu, '')
    .replace(/^[.\s]+|[.\s]+$/g, '');
  const short = cutToBytes(stem, MAX_STEM_BYTES).replace(/[.\s]+$/, '');
  return short === '' ? undefined : short;
}

/** `photo_x4.jpg`. @param stem from `safeStem`. */
export function downloadName(stem: string | undefined, scale: number, format: OutputFormat): string {
  return `${stem ?? 'image'}_x${Number(scale.toFixed(2))}.${EXTENSIONS[format]}`;
}
