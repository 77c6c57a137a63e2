import type { Readable } from 'node:stream';

/** One picture to be made larger, with the place of its result. */
export interface Picture {
  /** How people and JSON call it: the path as found, or "-". */
  readonly name: string;
  /** undefined for standard input. */
  readonly path: string | undefined;
  /** The folder that was named, for a picture found below it. */
  readonly root?: string;
  readonly target: Target;
}

export type Target =
  | { readonly kind: 'stdout' }
  | { readonly kind: 'file'; readonly path: string }
  /** The name is made when format and scale are known: `stem_x4.jpg`. */
  | {
      readonly kind: 'folder';
      readonly folder: string;
      readonly stem: string;
      /** A result of this stem is this picture's too when it was written within this time, in epoch milliseconds. */
      readonly plainResult?: { readonly stem: string; readonly fromMs: number; readonly toMs: number };
    };

/** The source of a picture, to be read once. */
export interface Source {
  readonly name: string;
  readonly path: string | undefined;
  open(): Readable;
}
