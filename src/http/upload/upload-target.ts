import type { UploadPlace } from './upload-place.js';

export interface UploadTarget {
  readonly maxFiles: number;
  /** For each file. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** Told of the body, and may be taken away. */
  readonly place: UploadPlace;
  /** Where the n-th file goes (from 0); asked for when the file begins. */
  pathFor(index: number): Promise<string>;
}

export interface UploadedFile {
  readonly path: string;
  readonly bytes: number;
  /** As the client named it: for display only, never a path. */
  readonly fileName?: string;
}
