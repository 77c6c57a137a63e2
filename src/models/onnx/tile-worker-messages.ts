import type { ModelEntry } from '../manifest-entry.js';
import type { LanePixels, RgbPixels, TileFailure } from '../tile-model.js';

/** What a lane's thread is told at its start. */
export interface LaneOrder {
  readonly entry: ModelEntry;
  readonly modelsFolder: string;
}

/** What it is sent: a tile, or that it is to end. */
export type ToLane = { readonly tile: RgbPixels } | { readonly close: true };

/** What it answers to a tile. */
export type FromLane =
  | { readonly pixels: LanePixels }
  | { readonly failure: { readonly reason: TileFailure['reason']; readonly message: string } }
  /** No tile can be computed here, this one included. */
  | { readonly unusable: string };
