import type { Readable } from 'node:stream';
import type { UpscalePlan, UpscaleProgress, UpscaleResult } from '../domain/types.js';
import type { Picture } from './picture.js';

/** The step that a picture is at. */
export type Step =
  | { readonly kind: 'starting' | 'sending' | 'saving' }
  | {
      readonly kind: 'waiting';
      /** From 1; undefined while it is unknown. */
      readonly position: number | undefined;
    }
  | { readonly kind: 'busy'; readonly retrySeconds: number }
  | { readonly kind: 'working'; readonly progress: UpscaleProgress };

/** Facts about a result, local or remote. */
export type ResultFacts = Omit<UpscaleResult, 'timings' | 'droppedPages'> & {
  /** Frames or pages after the first, which alone is upscaled. */
  readonly droppedPages?: number;
  /** From the end of the upload to the result. */
  readonly milliseconds: number;
};

/** A result that is ready to be fetched. */
export interface Finished {
  readonly facts: ResultFacts;
  open(): Promise<Readable>;
  /** Removes the result from the service that made it. */
  dispose(): Promise<void>;
}

export interface UpscaleHooks {
  readonly signal: AbortSignal;
  onStep(step: Step): void;
}

/** Enlarges pictures, in this process tree (`LocalUpscaler`) or by a running service (`RemoteUpscaler`). */
export interface Upscaler {
  /** @throws TesseraError; the system's error for an unreadable file. */
  upscale(picture: Picture, hooks: UpscaleHooks): Promise<Finished>;
  /** Plans without computing. */
  plan(picture: Picture, hooks: UpscaleHooks): Promise<UpscalePlan>;
  close(): Promise<void>;
}
