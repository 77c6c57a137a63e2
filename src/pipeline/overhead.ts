import type { ImageHeader, OutputFormat } from '../domain/types.js';
import type { FinishingCost } from '../models/fallback/chain-request.js';

export type { FinishingCost };

/** An image, as far as what it costs beside its tiles depends on it. */
export interface OverheadWork {
  readonly sourcePixels: number;
  readonly resultPixels: number;
  /** 2 with alpha, which is drawn as a picture of its own; else 1. */
  readonly rasters: 1 | 2;
  /** Of the result. */
  readonly format: OutputFormat;
}

/** What jobs cost beside their tiles; `engine/overhead` learns it. */
export interface OverheadCost {
  /** @returns milliseconds. */
  decodingMs(header: ImageHeader): number;
  finishing(work: OverheadWork): FinishingCost;
  /** @returns milliseconds that writing so many pixels of a result takes. */
  encodingMs(format: OutputFormat, resultPixels: number): number;
}
