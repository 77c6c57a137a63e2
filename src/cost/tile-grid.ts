import { DEFAULT_TILE_PX, MAX_TILE_PX, type ModelStatus, type Provider } from '../domain/types.js';
import {
  borderedSpan,
  planTiles,
  type SideRequirements,
  type Span,
  type TilePlan,
  tileCount,
  tilesAtOnce,
} from '../tiling/plan.js';

/** Providers that tune their kernels for each new shape: theirs must not change. */
const CONSTANT_SHAPE: ReadonlySet<Provider> = new Set(['cuda', 'dml', 'coreml', 'webgpu']);

/** A tile that all processors compute should not take longer: progress, cancelling and other jobs wait for it. */
const TILE_BUDGET_MS = 500;
/** A tile in a tile worker does not block the engine. */
const WORKER_TILE_BUDGET_MS = 2000;

/** A square tile of a fast model takes at most this long where the request names no size. */
const MAX_DEFAULT_TILE_US = 1e6;
/** Side of the tiles of a slow model, several of which are computed at once. */
const WORKER_TILE_PX = 640;

/** The share of an engine's memory budget for the tiles that are computed at once, where the request names no size. */
const SHARE_FOR_TILES = 0.4;
/** Of the embedded model, from the peak of a 512² tile (`bench/tile-speed.ts`); only fast models get larger tiles. */
const BYTES_PER_TILE_PIXEL = 800;
/** Of a tile in a tile worker: one of 534² of realesr-general-x4v3 took 290 MB, and 640² is the default. */
const BYTES_PER_WORKER = 500e6;

/** Bounds of the tiles of one engine. */
export interface TileLimits {
  /** Largest side of a default tile, in input pixels. */
  readonly tileSizePx: number;
  /** Tiles of a slow model that are computed at once. */
  readonly tileWorkers: number;
}

export const UNLIMITED: TileLimits = { tileSizePx: Number.POSITIVE_INFINITY, tileWorkers: 1 };

/** @param threads, memoryBytes of one engine. */
export function tileLimits(threads: number, memoryBytes: number): TileLimits {
  const bytes = memoryBytes * SHARE_FOR_TILES;
  return {
    tileSizePx: Math.floor(Math.sqrt(bytes / BYTES_PER_TILE_PIXEL)),
    tileWorkers: Math.max(1, Math.min(threads, Math.floor(bytes / BYTES_PER_WORKER))),
  };
}

/** A model on a provider, as far as its tiles depend on it; it need not be loaded. */
export interface TiledModel {
  readonly provider: Provider;
  readonly entry: Pick<ModelStatus, 'scale' | 'sizeRequirements'>;
}

/** What the grid of a candidate depends on. */
export interface GridTerms {
  readonly model: TiledModel;
  /** Largest tile side, in input pixels. */
  readonly tileSizePx: number;
  /** Measured; undefined before the first measurement. */
  readonly microsecondsPerPixel: number | undefined;
  /** Tiles that may be computed at once. */
  readonly tileWorkers: number;
}

/**
 * The terms of a candidate. The tiles of a fast model on the CPU are as large as it computes in a second, from `DEFAULT_TILE_PX` to
 * `MAX_TILE_PX`: larger tiles share fewer margins, and with 52 pixels of overlap tiles of 512 compute a fifth more pixels than the image
 * has. Of a slow model each tile worker computes one.
 * @param askedPx tile size that the request names. @param fittingPx largest tile size that fits into memory.
 */
export function gridTerms(
  model: TiledModel,
  microsecondsPerPixel: number | undefined,
  limits: TileLimits,
  askedPx?: number,
  fittingPx: number = Number.POSITIVE_INFINITY,
): GridTerms {
  const known = model.provider === 'cpu' ? microsecondsPerPixel : undefined;
  const isSlow = known !== undefined && known * DEFAULT_TILE_PX ** 2 > MAX_DEFAULT_TILE_US;
  const tileWorkers = isSlow ? limits.tileWorkers : 1;
  let defaultPx = DEFAULT_TILE_PX;
  if (tileWorkers > 1) defaultPx = WORKER_TILE_PX;
  else if (known !== undefined) {
    const side = Math.floor(Math.sqrt(MAX_DEFAULT_TILE_US / known));
    defaultPx = Math.max(DEFAULT_TILE_PX, Math.min(MAX_TILE_PX, side, limits.tileSizePx));
  }
  return { model, tileSizePx: Math.min(askedPx ?? defaultPx, fittingPx), microsecondsPerPixel, tileWorkers };
}

/**
 * The grid of tiles in which a candidate computes a part of an image. Renders follow it, and estimates are made of it.
 * @param columns, rows input pixels.
 */
export function tileGrid(columns: Span, rows: Span, terms: GridTerms, overlapPx: number): TilePlan {
  const { model, tileSizePx, microsecondsPerPixel, tileWorkers } = terms;
  const { minimum, multipleOf, fixed } = model.entry.sizeRequirements;
  const side = (axis: 0 | 1): SideRequirements => ({ minimum, multipleOf, fixed: fixed?.[axis] });
  return planTiles({
    columns,
    rows,
    tileSizePx,
    overlapPx,
    width: side(0),
    height: side(1),
    cost: CONSTANT_SHAPE.has(model.provider)
      ? undefined
      : {
          microsecondsPerPixel,
          tileBudgetMs: tileWorkers > 1 ? WORKER_TILE_BUDGET_MS : TILE_BUDGET_MS,
          tileWorkers,
        },
  });
}

/** How often an image may pass through a network, the preferred number first: an ×2 network reaches more than ×2 by a second pass. */
export function wantedPasses(modelScale: number, scale: number): readonly [1 | 2, ...1[]] {
  return modelScale === 2 && scale > 2 ? [2, 1] : [1];
}

/** An image, as far as the pixels of its tiles depend on it. */
export interface TiledImage {
  readonly width: number;
  readonly height: number;
  /** 2 with alpha, which passes through the network as an image of its own; else 1. */
  readonly rasters: 1 | 2;
}

/** The grids of one raster, pass by pass: each feeds the answer of the one before through the network. */
export function imageGrids(
  { width, height }: Pick<TiledImage, 'width' | 'height'>,
  terms: GridTerms,
  overlapPx: number,
  passes: 1 | 2,
): TilePlan[] {
  return Array.from({ length: passes }, (_, pass) => {
    const enlarged = terms.model.entry.scale ** pass;
    return tileGrid(borderedSpan(width * enlarged), borderedSpan(height * enlarged), terms, overlapPx);
  });
}

/**
 * What the tiles of an image take: all their pixels at the measured speed, and the tile workers that stay idle at the end.
 * @returns seconds, without waiting for other jobs; undefined while the speed is unknown.
 */
export function tilesSeconds(
  image: TiledImage,
  terms: GridTerms,
  overlapPx: number,
  passes: 1 | 2,
): number | undefined {
  if (terms.microsecondsPerPixel === undefined) return undefined;
  let pixels = 0;
  for (const grid of imageGrids(image, terms, overlapPx, passes)) {
    const tiles = tileCount(grid);
    const atOnce = tilesAtOnce(tiles, terms.tileWorkers);
    pixels += Math.ceil(tiles / atOnce) * atOnce * grid.columns.tileLength * grid.rows.tileLength;
  }
  return (image.rasters * pixels * terms.microsecondsPerPixel) / 1e6;
}
