import type { Raster } from './raster.js';

/** In pixels; right and bottom are exclusive. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * The parts of a tile that a network has to compute if it returns flat colour unchanged; undefined where that is
 * nearly everything.
 * @param reachPx how far an answer depends on the input. A computed part needs that much more on each side.
 */
export interface BusyParts {
  /** Side of the tile's cells in pixels; the cells at its right and bottom are cut. */
  readonly cellPx: number;
  /** For each cell, row by row: 1 where everything within its reach has its one colour, so that the answer is that colour. */
  readonly flat: Uint8Array;
  readonly columns: number;
  /**
   * Rectangles that cover all cells that are not flat. Row by row, each run of such cells joins the rectangle with
   * which it costs least, if that is less than apart. A rectangle that grew may join another.
   * @param cost of a rectangle with its margins.
   */
  readonly parts: readonly Part[];
}

/** Share of the tile's pixels below which computing parts pays. */
const WORTH_IT = 0.85;

/**
 * The parts of a tile that have to be computed by a network that gives flat colour back as it is; undefined where that is nearly all.
 * @param reachPx how far an answer depends on the input. What is computed of a part needs so much more on each side.
 */
export function busyParts(tile: Raster, reachPx: number): BusyParts | undefined {
  const { width, height } = tile;
  // Two cells to each side are within reach of one.
  const cellPx = Math.max(4, Math.ceil(reachPx / 2));
  const columns = Math.ceil(width / cellPx);
  const rows = Math.ceil(height / cellPx);
  const plain = plainCells(tile, cellPx, columns, rows);
  // Photographs have hardly any such cells and are recognised by this alone.
  if (plain.count < columns * rows * (1 - WORTH_IT)) return undefined;
  const flat = flatCells(tile, cellPx, columns, rows, plain.cells);
  const inPixels = ({ left, top, right, bottom }: Part): Part => ({
    left: left * cellPx,
    top: top * cellPx,
    right: Math.min(width, right * cellPx),
    bottom: Math.min(height, bottom * cellPx),
  });
  const cost = (part: Part) => area(grown(inPixels(part), reachPx, width, height));
  const parts = cover(flat, columns, cost).map(inPixels);
  const pixels = parts.reduce((sum, part) => sum + area(grown(part, reachPx, width, height)), 0);
  return pixels > WORTH_IT * width * height ? undefined : { cellPx, flat, columns, parts };
}

/** A part with the input that its answer depends on, within the tile. */
export function grown(part: Part, reachPx: number, width: number, height: number): Part {
  return {
    left: Math.max(0, part.left - reachPx),
    top: Math.max(0, part.top - reachPx),
    right: Math.min(width, part.right + reachPx),
    bottom: Math.min(height, part.bottom + reachPx),
  };
}

function area({ left, top, right, bottom }: Part): number {
  return (right - left) * (bottom - top);
}

/** Cells of one colour. */
function plainCells(
  tile: Raster,
  cellPx: number,
  columns: number,
  rows: number,
): { cells: Uint8Array; count: number } {
  const cells = new Uint8Array(columns * rows);
  let count = 0;
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1)
      if (isPlain(tile, column * cellPx, row * cellPx, cellPx)) {
        cells[row * columns + column] = 1;
        count += 1;
      }
  return { cells, count };
}

function isPlain({ data, width, height }: Raster, left: number, top: number, cellPx: number): boolean {
  const right = Math.min(width, left + cellPx);
  const bottom = Math.min(height, top + cellPx);
  const first = (top * width + left) * 3;
  for (let y = top; y < bottom; y += 1) {
    const end = (y * width + right) * 3;
    for (let at = (y * width + left) * 3; at < end; at += 3)
      if (data[at] !== data[first] || data[at + 1] !== data[first + 1] || data[at + 2] !== data[first + 2])
        return false;
  }
  return true;
}

/** Plain cells whose neighbours, two to each side, are plain in the same colour. */
function flatCells(
  { data, width }: Raster,
  cellPx: number,
  columns: number,
  rows: number,
  plain: Uint8Array,
): Uint8Array {
  const colour = (column: number, row: number) => {
    const at = (row * cellPx * width + column * cellPx) * 3;
    return (data[at] ?? 0) * 2 ** 32 + (data[at + 1] ?? 0) * 2 ** 16 + (data[at + 2] ?? 0);
  };
  const flat = new Uint8Array(columns * rows);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) {
      if (plain[row * columns + column] === 0) continue;
      const own = colour(column, row);
      let same = true;
      for (let y = Math.max(0, row - 2); same && y <= Math.min(rows - 1, row + 2); y += 1)
        for (let x = Math.max(0, column - 2); same && x <= Math.min(columns - 1, column + 2); x += 1)
          same = plain[y * columns + x] === 1 && colour(x, y) === own;
      if (same) flat[row * columns + column] = 1;
    }
  return flat;
}

/**
 * Rectangles that cover all cells which are not flat. Row by row, each run of them joins the rectangle with which it costs least together,
 * as long as that is less than apart; what grew may join another.
 * @param cost of a rectangle, its margins included.
 */
function cover(flat: Uint8Array, columns: number, cost: (part: Part) => number): Part[] {
  const found: Part[] = [];
  const add = (part: Part): void => {
    let [best, mostSaved] = [-1, 0];
    for (const [index, other] of found.entries()) {
      const saved = cost(part) + cost(other) - cost(around(part, other));
      if (saved > mostSaved) [best, mostSaved] = [index, saved];
    }
    const [other] = best < 0 ? [] : found.splice(best, 1);
    if (other === undefined) found.push(part);
    else add(around(part, other));
  };
  for (let row = 0; row * columns < flat.length; row += 1) {
    const end = (row + 1) * columns;
    for (let from = flat.indexOf(0, row * columns); from >= 0 && from < end; ) {
      const next = flat.indexOf(1, from);
      const to = next < 0 ? end : Math.min(end, next);
      add({ left: from - row * columns, right: to - row * columns, top: row, bottom: row + 1 });
      from = flat.indexOf(0, to);
    }
  }
  return found;
}

function around(one: Part, other: Part): Part {
  return {
    left: Math.min(one.left, other.left),
    top: Math.min(one.top, other.top),
    right: Math.max(one.right, other.right),
    bottom: Math.max(one.bottom, other.bottom),
  };
}
