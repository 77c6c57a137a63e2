import type { UploadPlace } from './upload-place.js';

export interface UploadTarget {
  readonly maxFiles: number;
  /** For each file. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** The upload's place; it watches the body and may be taken away. */
  readonly place: UploadPlace;
  /** The path of the n-th file (from 0). Called when the file begins. */
  pathFor(index: number): Promise<string>;
}

export interface UploadedFile {
  readonly path: string;
  readonly bytes: number;
  /** The client's name for the file: for display only, never a path. */
  readonly fileName?: string;
}
