import type { ErrorMessage } from '../../domain/errors.js';
import type { ImageHeader } from '../../domain/types.js';
import type { PipelineLimits } from '../../pipeline/limits.js';

/** What the server asks of a header process. One at a time: the next one follows the answer. */
export interface HeaderRequest {
  readonly path: string;
  readonly limits: PipelineLimits;
}

/** What a header process says: once that it is ready, then an answer to each request. */
export type FromHeaderProcess =
  | { readonly type: 'ready' }
  | { readonly type: 'header'; readonly header: ImageHeader }
  | { readonly type: 'refused'; readonly error: ErrorMessage };
