import type { ErrorMessage } from '../../domain/errors.js';
import type { ImageHeader } from '../../domain/types.js';
import type { PipelineLimits } from '../../pipeline/limits.js';

/** A request of the server to a header process. The next one follows the answer. */
export interface HeaderRequest {
  readonly path: string;
  readonly limits: PipelineLimits;
}

/** A message of a header process: that it is ready, or an answer. */
export type FromHeaderProcess =
  | { readonly type: 'ready' }
  | { readonly type: 'header'; readonly header: ImageHeader }
  | { readonly type: 'refused'; readonly error: ErrorMessage };
