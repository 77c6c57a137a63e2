import type { TileModel } from '../tile-model.js';

/** How a network gets on with an image, after a tile. */
export interface Pace {
  /** Of input pixels, as the tiles of late took, with all that they waited for. */
  readonly microsecondsPerPixel: number;
  /** Until the last tile is done, at that pace. */
  readonly remainingMs: number;
  /** Until the next tile is done. */
  readonly tileMs: number;
  /** Until the tiles are done that have begun: whoever leaves waits for them. */
  readonly stopMs: number;
}

/** How long tiles in tile workers keep a network waiting for the next one that is done. */
export interface Wait {
  readonly waitedMs: number;
  /** What was to be expected, by the pace so far or by what is known. */
  readonly tileMs: number;
}

/** A candidate that computes tiles through a network. */
export interface LoadedNetwork {
  readonly kind: 'network';
  readonly model: TileModel;
  /** 2 when an x2 model is asked for x4 in two passes. */
  readonly passes: 1 | 2;
  /** Largest tile side known to fit in memory, or the size asked for; in input pixels. */
  readonly tileSizePx: number;
  /**
   * Longest side of the tiles that it was given, since one did not fit into memory: what the attempt tells. Written by whoever runs
   * the tiles; undefined before the first.
   */
  givenTilePx: number | undefined;
  /** This side fitted after a larger one did not: later requests start from it. */
  rememberTileSize(tileSizePx: number): void;
  /** Feeds the measured speed that estimates are made of. @param ms that the tile took of all processors. */
  recordSpeed(inputPixels: number, ms: number): void;
  /** To be called after each tile but the last. @throws LeftForTime when another candidate is needed to keep the deadline. */
  checkPace(pace: Pace): void;
  /** To be called now and then while tiles are computed in tile workers. @throws LeftForTime, which tells that tiles are at work. */
  checkWait(wait: Wait): void;
  /** The same weights in floating point, or on CPU, for a tile whose output was invalid; undefined when there is none. */
  alternative(): Promise<TileModel | undefined>;
  /** Measured microseconds per input pixel; undefined before the first measurement. */
  readonly microsecondsPerPixel: number | undefined;
  /** Tiles that may be computed at once; 1 where the model has no `runInWorker`. */
  readonly tileWorkers: number;
}

/** What draws an image: a loaded network, or plain resampling, which cannot fail. */
export type LoadedCandidate = LoadedNetwork | { readonly kind: 'lanczos' };
