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

const MAX_LENGTH = 100;

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
  const short = [...stem].slice(0, MAX_LENGTH).join('');
  return short === '' ? undefined : short;
}

/** `photo_x4.jpg`. @param stem from `safeStem`. */
export function downloadName(stem: string | undefined, scale: number, format: OutputFormat): string {
  return `${stem ?? 'image'}_x${Number(scale.toFixed(2))}.${EXTENSIONS[format]}`;
}
