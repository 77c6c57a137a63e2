import type { InputFormat, OutputFormat, Provider } from './types.js';

/**
 * Work beside the tiles of networks. Decoding and blending go by the pixels of the source, the others by those of the result. `mix` is what
 * `strength` adds, `sharpen` is encoding with sharpening.
 */
export type Work =
  | `decode ${InputFormat}`
  | 'blend'
  | 'mix'
  | 'resample'
  | `${'encode' | 'sharpen'} ${OutputFormat}`;

/** A fixed time, and a time for each pixel. */
export interface PixelTime {
  readonly fixedMs: number;
  readonly microsecondsPerPixel: number;
}

/** Measurements of a model on a provider, handed from engine to engine. */
export interface LearntCandidate {
  /** The key of `models/model-key`, which differs for other weights under the same name. */
  readonly model: string;
  readonly provider: Provider;
  /** Side of the largest tile that fits into memory, in input pixels; absent while no tile was too large. */
  readonly tileSizePx?: number;
  /** Measured, for one input pixel. */
  readonly microsecondsPerPixel?: number;
}

/** What an engine has learnt of costs; handed to the server process and to other engines. */
export interface LearntCosts {
  readonly candidates: readonly LearntCandidate[];
  readonly work: Readonly<Partial<Record<Work, PixelTime>>>;
}
