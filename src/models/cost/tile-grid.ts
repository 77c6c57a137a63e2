import type { Provider } from '../../domain/types.js';
import { planTiles, type SideRequirements, type Span, type TilePlan } from '../../tiling/plan.js';
import type { TileModel } from '../tile-model.js';

/** Providers that tune their kernels for each new shape: theirs must not change. */
const CONSTANT_SHAPE: ReadonlySet<Provider> = new Set(['cuda', 'dml', 'coreml', 'webgpu']);

/** A tile on a CPU should rather not take longer: progress, cancelling and other jobs wait for it. */
const TILE_BUDGET_MS = 500;
/** One of several at once does not block the engine, and others end in the middle of it. */
const LANE_TILE_BUDGET_MS = 2000;

/** What the grid depends on of a candidate. The model need not be loaded. */
export interface GridTerms {
  readonly model: Pick<TileModel, 'entry' | 'provider'>;
  /** Largest tile side, in input pixels. */
  readonly tileSizePx: number;
  /** Measured; undefined before the first measurement. */
  readonly microsecondsPerPixel: number | undefined;
  /** Tiles that may be computed at once. */
  readonly tileWorkers: number;
}

/**
 * The grid of tiles in which a candidate computes a part of an image: what the render follows, and what estimates are made of.
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
          tileBudgetMs: tileWorkers > 1 ? LANE_TILE_BUDGET_MS : TILE_BUDGET_MS,
          tileWorkers,
        },
  });
}
