import type { Raster } from '../../tiling/raster.js';
import type { ModelEntry } from '../manifest-entry.js';
import type { TileFailure, TimedTile } from '../tile-model.js';

/** What a tile worker's thread is told at its start. */
export interface TileWorkerStart {
  readonly entry: ModelEntry;
  readonly modelsFolder: string;
}

/** What it is sent: a tile, or that it is to end. */
export type ToTileWorker = { readonly tile: Raster<3> } | { readonly close: true };

/** What it answers to a tile. */
export type FromTileWorker =
  | { readonly result: TimedTile }
  | { readonly failure: { readonly reason: TileFailure['reason']; readonly message: string } }
  /** No tile can be computed here, this one included. */
  | { readonly unusable: string };
