import type { Raster } from '../../tiling/raster.js';
import { sampleMaximum } from './tile-tensor.js';

const CELL_PX = 16;
/** One pixel is read in each square of this side. */
const SQUARE_PX = 4;
/** Pixels read in a cell. */
const POINTS = (CELL_PX / SQUARE_PX) ** 2;
/** Cells along a side of a region: a fault may be in one part of a tile, and a few cells are too noisy. */
const REGION_CELLS = 6;

/** From inclusive, to exclusive. */
type Cells = readonly [number, number];

/** @param answer `tile` enlarged by an integer. @returns regions that cover the tile but for less than a cell at its right and bottom. */
export function* regionsOf(tile: Raster<3>, answer: Raster<3>): Generator<Region> {
  for (const rows of shares(tile.height))
    for (const columns of shares(tile.width)) yield new Region(tile, answer, columns, rows);
}

/** The regions along one side. */
function shares(length: number): Cells[] {
  const cells = Math.max(1, Math.floor(length / CELL_PX));
  const regions = Math.max(1, Math.round(cells / REGION_CELLS));
  const cut = (index: number) => Math.round((index * cells) / regions);
  return Array.from({ length: regions }, (_, index) => [cut(index), cut(index + 1)] as const);
}

/**
 * A part of a tile and its answer, as the means of cells. The pixels read in a cell are scattered, so that they do not all hit the same colour of
 * a pattern. Differences are root mean squares in 1/255 of the range.
 */
export class Region {
  readonly cells: number;
  /** Over all channels. */
  readonly difference: number;
  /** Standard deviation within the tile's cells. */
  readonly detail: number;
  readonly #tile: Raster<3>;
  /** x and y of each point, cell by cell. */
  readonly #points: Int32Array;
  /** Red, green and blue mean of each cell. */
  readonly #of: Float64Array;
  readonly #answered: Float64Array;

  constructor(tile: Raster<3>, answer: Raster<3>, columns: Cells, rows: Cells) {
    this.#tile = tile;
    this.#points = pointsOf(tile, columns, rows);
    this.cells = this.#points.length / (2 * POINTS);
    this.#of = new Float64Array(this.cells * 3);
    this.#answered = new Float64Array(this.cells * 3);
    const scale = answer.width / tile.width;
    let squares = 0;
    for (let cell = 0; cell < this.cells; cell++) {
      squares += means(tile, this.#points, cell, 1, 0, this.#of, cell * 3);
      means(answer, this.#points, cell, scale, 0, this.#answered, cell * 3);
    }
    for (const mean of this.#of) squares -= mean * mean;
    this.detail = Math.sqrt(Math.max(0, squares) / this.#of.length);
    this.difference = differenceOf(this.#answered, this.#of);
  }

  /** Difference of the channel that differs most. */
  differenceOfChannel(): number {
    let most = 0;
    for (let channel = 0; channel < 3; channel++) {
      let sum = 0;
      for (let i = channel; i < this.#of.length; i += 3)
        sum += ((this.#answered[i] as number) - (this.#of[i] as number)) ** 2;
      most = Math.max(most, sum);
    }
    return Math.sqrt(most / this.cells);
  }

  /** How many times nearer the answer is to the tile with red and blue swapped than to the tile. */
  nearerToSwapped(): number {
    return this.nearerToChanged((_, i) => this.#of[i + 2 - 2 * (i % 3)] as number);
  }

  /** How many times nearer the answer is to the tile with changed samples. @param change of a cell's mean, 0 to 255. */
  nearerToChanged(change: (value: number, index: number) => number): number {
    return this.difference / differenceOf(this.#answered, this.#of.map(change));
  }

  /** How many times nearer the answer is to the shifted tile, measured by the `cells` that are inside the tile after the shift. */
  nearerToMoved(right: number, down: number): { nearer: number; cells: number } {
    const there = new Float64Array(3);
    const shift = (down * this.#tile.width + right) * 3;
    let same = 0;
    let moved = 0;
    let cells = 0;
    for (let cell = 0; cell < this.cells; cell++) {
      if (!this.#staysInside(cell, right, down)) continue;
      means(this.#tile, this.#points, cell, 1, shift, there, 0);
      for (let channel = 0; channel < 3; channel++) {
        const answered = this.#answered[cell * 3 + channel] as number;
        same += (answered - (this.#of[cell * 3 + channel] as number)) ** 2;
        moved += (answered - (there[channel] as number)) ** 2;
      }
      cells++;
    }
    return { nearer: Math.sqrt(same / moved), cells };
  }

  #staysInside(cell: number, right: number, down: number): boolean {
    const { width, height } = this.#tile;
    for (let at = cell * 2 * POINTS; at < (cell + 1) * 2 * POINTS; at += 2) {
      const x = (this.#points[at] as number) + right;
      const y = (this.#points[at + 1] as number) + down;
      if (x < 0 || y < 0 || x >= width || y >= height) return false;
    }
    return true;
  }
}

/** @returns x and y of a point in each square of each cell. In a tile smaller than a cell the squares are smaller. */
function pointsOf({ width, height }: Raster<3>, columns: Cells, rows: Cells): Int32Array {
  const points = new Int32Array((columns[1] - columns[0]) * (rows[1] - rows[0]) * POINTS * 2);
  const across = Math.min(1, width / CELL_PX);
  const down = Math.min(1, height / CELL_PX);
  let at = 0;
  for (let row = rows[0]; row < rows[1]; row++)
    for (let column = columns[0]; column < columns[1]; column++)
      for (let point = 0; point < POINTS; point++) {
        const place = scrambled(column, row, point) >>> 28;
        const x = (point % SQUARE_PX) * SQUARE_PX + (place % SQUARE_PX);
        const y = point - (point % SQUARE_PX) + (place >> 2);
        points[at++] = Math.floor((column * CELL_PX + x) * across);
        points[at++] = Math.floor((row * CELL_PX + y) * down);
      }
  return points;
}

function differenceOf(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return Math.sqrt(sum / a.length);
}

/**
 * Writes the mean of each channel of a cell in the tile, or in its answer: at `scale` a point is two samples along each axis.
 * @param shift of the cell, in samples of `data`.
 * @returns the sum of the channels' mean squares.
 */
function means(
  { data, width }: Raster<3>,
  points: Int32Array,
  cell: number,
  scale: number,
  shift: number,
  into: Float64Array,
  to: number,
): number {
  const step = Math.max(1, scale >> 1);
  let red = 0;
  let green = 0;
  let blue = 0;
  let squares = 0;
  let samples = 0;
  for (let at = cell * 2 * POINTS; at < (cell + 1) * 2 * POINTS; at += 2) {
    const left = (points[at] as number) * scale;
    const top = (points[at + 1] as number) * scale;
    for (let y = top; y < top + scale; y += step)
      for (let x = left; x < left + scale; x += step) {
        const i = (y * width + x) * 3 + shift;
        const r = data[i] as number;
        const g = data[i + 1] as number;
        const b = data[i + 2] as number;
        red += r;
        green += g;
        blue += b;
        squares += r * r + g * g + b * b;
        samples++;
      }
  }
  const toByte = 255 / sampleMaximum(data);
  const unit = toByte / samples;
  into[to] = red * unit;
  into[to + 1] = green * unit;
  into[to + 2] = blue * unit;
  return squares * unit * toByte;
}

/** @returns a 32-bit hash of three integers. */
export function scrambled(column: number, row: number, layer: number): number {
  const mixed = Math.imul(column * 31 + row * 1009 + layer * 9176 + 1, 0x9e3779b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 0;
}
