import type { GridTerms } from '../../cost/tile-grid.js';
import type { TileModel } from '../tile-model.js';

/** How fast a network computes an image, measured after a tile. */
export interface Pace {
  /** Of input pixels, by the tiles of this pass, their waits included. */
  readonly microsecondsPerPixel: number;
  /** Until the last tile is done, at that pace. */
  readonly remainingMs: number;
  /** Until the next tile is done. */
  readonly tileMs: number;
  /** Until the tiles are done that have begun: leaving the network takes as long. */
  readonly stopMs: number;
}

/** The wait for a tile that is computed in a tile worker. */
export interface Wait {
  readonly waitedMs: number;
  /** The expected wait, by the pace so far or by the known speed. */
  readonly tileMs: number;
}

/** Tells a network at work that it is too slow. */
export interface TimeWatch {
  /** To be called after each tile but the last. @throws LeftForTime when another candidate is needed to keep the deadline. */
  checkPace(pace: Pace): void;
  /** To be called now and then while tiles are computed in tile workers. @throws LeftForTime, with `tilesAtWork`. */
  checkWait(wait: Wait): void;
}

/** A network that is loaded, and computes the tiles of one image. */
export interface LoadedNetwork extends GridTerms, TimeWatch {
  readonly kind: 'network';
  readonly model: TileModel;
  /** 2 when an x2 model is asked for x4 in two passes. */
  readonly passes: 1 | 2;
  /**
   * Longest side of the tiles that it was given, since one did not fit into memory; undefined before the first. Written by the renderer,
   * and told by the attempt.
   */
  givenTilePx: number | undefined;
  /** Tiles of this side fitted after larger ones did not: later requests start from it. */
  rememberTileSize(tileSizePx: number): void;
  /** Teaches the cost model. @param ms that the tile took of all processors. */
  recordSpeed(inputPixels: number, ms: number): void;
  /** The same weights in float32, or on the CPU, for a tile whose output was invalid; undefined when there is none. */
  alternative(): Promise<TileModel | undefined>;
}

/** What draws an image: a loaded network, or plain resampling, which cannot fail. */
export type LoadedCandidate = LoadedNetwork | { readonly kind: 'lanczos' };
