import type { Readable } from 'node:stream';
import type { UpscalePlan, UpscaleProgress, UpscaleResult } from '../domain/types.js';
import type { Source } from './picture.js';

/** Where a picture stands. */
export type Step =
  | { readonly kind: 'starting' | 'sending' | 'saving' }
  | {
      readonly kind: 'waiting';
      /** From 1; undefined while nobody has counted. */
      readonly position: number | undefined;
    }
  | { readonly kind: 'busy'; readonly retrySeconds: number }
  | { readonly kind: 'working'; readonly progress: UpscaleProgress };

/** What is told of a result, wherever it was made. */
export type ResultFacts = Pick<
  UpscaleResult,
  | 'width'
  | 'height'
  | 'format'
  | 'bytes'
  | 'scale'
  | 'model'
  | 'provider'
  | 'tiles'
  | 'fallback'
  | 'attempts'
  | 'notKept'
> & {
  /** Frames or pages beyond the first, which alone was upscaled. */
  readonly droppedPages?: number;
  /** From the picture being at hand to its result. */
  readonly milliseconds: number;
};

/** A result that waits to be fetched. */
export interface Finished {
  readonly facts: ResultFacts;
  open(): Promise<Readable>;
  /** Removes it where it was made. */
  dispose(): Promise<void>;
}

export interface UpscaleHooks {
  readonly signal: AbortSignal;
  onStep(step: Step): void;
}

/** A way to get pictures enlarged: in this process tree (`LocalUpscaler`), or by a running service (`RemoteUpscaler`). */
export interface Upscaler {
  /** @throws TesseraError; the system's error when the source cannot be read. */
  upscale(source: Source, hooks: UpscaleHooks): Promise<Finished>;
  /** What would be done; nothing is computed. */
  plan(source: Source, hooks: UpscaleHooks): Promise<UpscalePlan>;
  close(): Promise<void>;
}
