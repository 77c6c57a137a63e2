import { createReadStream } from 'node:fs';
import { basename, extname } from 'node:path';
import type { Readable } from 'node:stream';
import { cutToBytes, MAX_STEM_BYTES } from '../domain/download-name.js';

/** One picture to be enlarged, with the place of its result. */
export interface Picture {
  /** The name in messages and JSON: the path as found, or "-". */
  readonly name: string;
  /** undefined for standard input. */
  readonly path: string | undefined;
  /** The named folder, for a picture found below it. */
  readonly root?: string;
  readonly target: Target;
}

/** The place of a result. In a folder its name is made when format and scale are known: `stem_x4.jpg`. */
export type Target =
  | { readonly kind: 'stdout' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'folder'; readonly folder: string; readonly stem: string };

/** Opens the bytes of a picture. Standard input can be read once. */
export function openPicture({ path }: Pick<Picture, 'path'>): Readable {
  return path === undefined ? process.stdin : createReadStream(path);
}

/** The stem of a result's name: the picture's name without its ending, cut to leave room for scale and format. */
export function resultStem(path: string): string {
  return cutToBytes(basename(path, extname(path)), MAX_STEM_BYTES);
}
