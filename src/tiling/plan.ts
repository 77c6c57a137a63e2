/** Input pixels of reflection around the image: Real-ESRGAN's `pre_pad`. The network's own padding never touches the image. */
export const BORDER_PX = 10;

/** Widest feather between two tiles, in input pixels. */
export const FEATHER_PX = 8;

/** Smallest advance from one tile to the next. */
const MIN_STEP_PX = 16;

/** The sides that a model accepts, in input pixels. */
export interface SideRequirements {
  readonly minimum: number;
  readonly multipleOf: number;
  /** The only accepted length, where the model has a fixed size. */
  readonly fixed?: number | undefined;
}

/** The range where two neighbouring tiles are cross-faded, in the axis' coordinates: `from` inclusive, `to` exclusive. */
export interface Seam {
  readonly from: number;
  readonly to: number;
}

/**
 * Tiles along one axis. Coordinates are input pixels of the image. Tiles of the bordered image start at `-BORDER_PX`,
 * or at the multiple before it. All tiles have the same length; the last may extend past the end, into more
 * reflection.
 */
export interface AxisPlan {
  readonly tileLength: number;
  readonly starts: readonly number[];
  /** `starts.length - 1` of them, ascending, not overlapping. */
  readonly seams: readonly Seam[];
}

/** A grid of equal tiles over a span of the image. */
export interface TilePlan {
  readonly columns: AxisPlan;
  readonly rows: AxisPlan;
}

/** A half-open range of input pixels along one axis. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The image with its reflected border, along one axis. */
export function borderedSpan(length: number): Span {
  return { from: -BORDER_PX, to: length + BORDER_PX };
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

function roundDown(value: number, multiple: number): number {
  return Math.floor(value / multiple) * multiple;
}

/** The largest length within `tileSizePx` that the model accepts, or its smallest if none is. */
function largestTile(tileSizePx: number, side: SideRequirements): number {
  const least = roundUp(side.minimum, side.multipleOf);
  return Math.max(least, Math.floor(tileSizePx / side.multipleOf) * side.multipleOf);
}

/**
 * Covers a span with equal tiles: as many as `tileSizePx` requires, as short as that number allows, and evenly
 * spread, so that no thin remainder is left at the end. Every tile starts at a multiple of `side.multipleOf` pixels
 * of the image. The answer of a network that un-shuffles pixels, or has windows, depends on where in its grid a pixel
 * lies, so the grid must lie on the image alike in all tiles.
 * @param tileSizePx largest tile, including margins.
 * @param overlapPx minimum that neighbours share; less where the tile is too short for it.
 * @param constant true where every tile must be `tileSizePx` long unless one tile holds the whole span (a GPU tunes
 * its kernels anew for each shape).
 */
export function planAxis(
  span: Span,
  tileSizePx: number,
  overlapPx: number,
  side: SideRequirements,
  constant = false,
): AxisPlan {
  const { multipleOf } = side;
  const from = roundDown(span.from, multipleOf);
  const length = roundUp(span.to, multipleOf) - from;
  const longest = side.fixed ?? largestTile(tileSizePx, side);
  const least = roundUp(side.minimum, multipleOf);
  const whole = side.fixed ?? Math.max(length, least);
  if (span.to - from <= longest && whole <= longest) return { tileLength: whole, starts: [from], seams: [] };

  const overlap = Math.min(overlapPx, longest - Math.min(MIN_STEP_PX, longest));
  const stepOf = (tile: number): number => Math.max(multipleOf, roundDown(tile - overlap, multipleOf));
  const countOf = (tile: number): number => 1 + Math.ceil((length - tile) / stepOf(tile));
  let tileLength = longest;
  if (side.fixed === undefined && !constant) {
    const count = countOf(longest);
    const shared = longest - stepOf(longest);
    const shortest = roundUp(Math.ceil((length + (count - 1) * shared) / count), multipleOf);
    tileLength = Math.min(longest, Math.max(least, shortest));
  }
  const count = Math.max(2, countOf(tileLength));
  const travel = Math.ceil((length - tileLength) / multipleOf);
  const starts = Array.from(
    { length: count },
    (_, index) => from + multipleOf * Math.round((index * travel) / (count - 1)),
  );
  return { tileLength, starts, seams: seamsBetween(starts, tileLength) };
}

/**
 * The seam of two neighbours lies in the middle of what they share, at most `FEATHER_PX` wide. Pixels nearer to a
 * tile's inner edge were computed against padding and are dropped.
 */
function seamsBetween(starts: readonly number[], tileLength: number): Seam[] {
  const steps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
  // Two seams of one tile must not meet. Their middles are at least the smallest advance apart, less the rounding.
  const room = steps.length > 1 ? Math.min(...steps) - 1 : Number.POSITIVE_INFINITY;
  return steps.map((step, index) => {
    const shared = tileLength - step;
    const width = Math.max(0, Math.min(FEATHER_PX, shared, room));
    const from = (starts[index + 1] ?? 0) + Math.floor((shared - width) / 2);
    return { from, to: from + width };
  });
}

/** Quantities that a cost is computed from. */
export interface TileCost {
  /** Microseconds per input pixel with all processors; undefined while unmeasured. */
  readonly microsecondsPerPixel: number | undefined;
  /** A tile should take no longer than this, because progress, cancellation and other jobs wait for it. */
  readonly tileBudgetMs: number;
  /** Tiles computed at the same time, one processor each; 1 where all processors compute each tile. */
  readonly tileWorkers: number;
}

/**
 * Shorter tiles are tried, each by this factor. Over 30 image sizes and 35 pairs of an overlap and a
 * speed, such squares compute 0.03 % more pixels than the cheapest of 324 oblong grids, and 18 % in the worst case.
 */
const SHORTER = 0.85;
/** Shorter tiles consist mostly of margin and overhead. */
const MIN_TRIED_PX = 64;

/** Cost of each tile: cutting, waking the runtime's threads layer by layer, the seams. */
const TILE_OVERHEAD_US = 800;

/**
 * How much slower a pixel is in a tile of so many pixels than in the fastest tile, as the activations of a large tile
 * leave the cache. Measured on two cores, models and sizes in turn: the embedded model was no slower at 1044² than at
 * 292², realesr-general-x4v3 by 6 % at 512².
 */
function cacheFactor(pixels: number): number {
  return 1 + 0.015 * Math.max(0, Math.log2(pixels / (160 * 160)));
}

/**
 * `n` processors that compute one tile together lose `n ** -this` by waiting for each other, compared with one tile
 * each. Measured with realesr-general-x4v3 at 512² (`bench/tile-workers.ts`): tile workers took 0.93 of the time on
 * two, 0.78 on four.
 */
const LOST_TOGETHER = 0.15;

/**
 * Tiles to compute at the same time: as many as there are tile workers, or one by all processors where too many
 * workers would stay idle at the end.
 */
export function tilesAtOnce(tiles: number, tileWorkers: number): number {
  return tiles * tileWorkers ** LOST_TOGETHER >= roundUp(tiles, tileWorkers) ? tileWorkers : 1;
}

/** Cost of a plan in microseconds. */
function estimate(plan: TilePlan, cost: TileCost): number {
  const { tileWorkers } = cost;
  const pixels = plan.columns.tileLength * plan.rows.tileLength;
  const tiles = tileCount(plan);
  const apart = tilesAtOnce(tiles, tileWorkers) > 1;
  const together = apart ? 1 : tileWorkers ** LOST_TOGETHER * cacheFactor(pixels);
  const microseconds = pixels * (cost.microsecondsPerPixel ?? 1) * together;
  const tileMs = (microseconds * (apart ? tileWorkers : 1)) / 1000;
  const budgets = cost.microsecondsPerPixel === undefined ? 0 : tileMs / cost.tileBudgetMs;
  // A preference, not a limit, because shorter tiles cost more margins: twice the budget weighs 2 %, six times it 50
  // %.
  const impatience = 1 + 0.02 * Math.max(0, budgets - 1) ** 2;
  return (apart ? roundUp(tiles, tileWorkers) : tiles) * (microseconds + TILE_OVERHEAD_US) * impatience;
}

/** Requirements of a grid. */
export interface GridRequest {
  readonly columns: Span;
  readonly rows: Span;
  /** Largest tile side with margins, in input pixels. */
  readonly tileSizePx: number;
  readonly overlapPx: number;
  readonly width: SideRequirements;
  readonly height: SideRequirements;
  /** undefined where the tile shape must stay constant; otherwise smaller tiles may be chosen by cost. */
  readonly cost: TileCost | undefined;
}

/** The cheapest grid of tiles up to `tileSizePx`, or the one constant grid where `cost` is undefined. */
export function planTiles(request: GridRequest): TilePlan {
  const { columns, rows, tileSizePx, overlapPx, width, height, cost } = request;
  const grid = (sidePx: number): TilePlan => ({
    columns: planAxis(columns, sidePx, overlapPx, width, cost === undefined),
    rows: planAxis(rows, sidePx, overlapPx, height, cost === undefined),
  });
  let best = grid(tileSizePx);
  if (cost === undefined) return best;
  let least = estimate(best, cost);
  const shortest = Math.max(MIN_TRIED_PX, 2 * overlapPx + 1);
  for (let side = tileSizePx * SHORTER; side >= shortest; side *= SHORTER) {
    const plan = grid(Math.floor(side));
    const microseconds = estimate(plan, cost);
    if (microseconds < least) [least, best] = [microseconds, plan];
  }
  return best;
}

/** Tiles in a grid. */
export function tileCount(plan: TilePlan): number {
  return plan.columns.starts.length * plan.rows.starts.length;
}
