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

/** Synonyms of the formats, in lower case. */
export const FORMAT_SPELLINGS: Readonly<Record<string, OutputFormat>> = {
  jpg: 'jpeg',
  jpe: 'jpeg',
  jfif: 'jpeg',
  tif: 'tiff',
};

/** The format with this name or ending, in any case. */
export function formatNamed(text: string): OutputFormat | undefined {
  const small = text.toLowerCase();
  return FORMAT_SPELLINGS[small] ?? OUTPUT_FORMATS.find((format) => format === small);
}

/** Longest file name of ext4 in bytes of UTF-8; APFS and NTFS allow 255 UTF-16 units or more. */
export const MAX_NAME_BYTES = 255;

/** Longest stem in bytes: `_x7.99.webp`, and the number of a second copy, fit behind it. */
export const MAX_STEM_BYTES = 240;

/** Cuts a text to so many bytes of UTF-8, between grapheme clusters. */
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
 * Makes a client's file name safe to show and to save: without folders, control characters and characters that a file system
 * treats specially. @returns undefined when nothing is left.
 */
export function safeName(fileName: string): string | undefined {
  const extension = /\.[a-zA-Z0-9]{1,10}$/.exec(fileName)?.[0] ?? '';
  const stem = safeStem(fileName);
  return stem === undefined ? undefined : stem + extension;
}

/** `safeName` without the extension. */
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
