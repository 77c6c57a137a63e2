import type { Raster } from '../../tiling/raster.js';
import { sampleMaximum } from './tile-tensor.js';

const CELL_PX = 16;
/** One pixel is looked at in each square of this side. */
const SQUARE_PX = 4;
/** In a cell. */
const POINTS = (CELL_PX / SQUARE_PX) ** 2;
/** Cells to a side of a region. A fault may be in one part of a tile, and a few cells say little. */
const REGION_CELLS = 6;

/** From inclusive, to exclusive. */
type Cells = readonly [number, number];

/** @param answer `tile` enlarged by a whole number. @returns the regions of a tile, which leave less than a cell out. */
export function* regionsOf(tile: Raster<3>, answer: Raster<3>): Generator<Region> {
  for (const rows of shares(tile.height))
    for (const columns of shares(tile.width)) yield new Region(tile, answer, columns, rows);
}

/** The regions along one side. */
function shares(length: number): Cells[] {
  const cells = Math.max(1, Math.floor(length / CELL_PX));
  const regions = Math.max(1, Math.round(cells / REGION_CELLS));
  const cut = (index: number): number => Math.round((index * cells) / regions);
  return Array.from({ length: regions }, (_, index) => [cut(index), cut(index + 1)] as const);
}

/**
 * A part of a tile and its answer, each as the means of cells. Of a cell some pixels are looked at, scattered, so that no pattern has one
 * colour under all of them. Differences are root mean squares in 1/255 of the range.
 */
export class Region {
  readonly cells: number;
  /** Of all channels. */
  readonly difference: number;
  /** Deviation inside of the tile's cells: what is finer than they are. */
  readonly detail: number;
  readonly #tile: Raster<3>;
  /** x and y of each point, cell by cell. */
  readonly #points: Int32Array;
  /** Means of the cells, red, green and blue after each other. */
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
      squares += means(tile, this.#points, cell, 0, 0, this.#of, cell * 3);
      enlargedMeans(answer, this.#points, cell, scale, this.#answered);
    }
    for (const mean of this.#of) squares -= mean * mean;
    this.detail = Math.sqrt(Math.max(0, squares) / this.#of.length);
    this.difference = differenceOf(this.#answered, this.#of);
  }

  /** Of the channel that differs most. */
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
    return (
      this.difference /
      differenceOf(
        this.#answered,
        this.#of.map((_, i) => this.#of[i + 2 - 2 * (i % 3)] as number),
      )
    );
  }

  /** How many times nearer it is to the tile with other samples. @param change of a sample, 0 to 255. */
  nearerToChanged(change: (value: number) => number): number {
    return this.difference / differenceOf(this.#answered, this.#of.map(change));
  }

  /** How many times nearer it is to the tile moved by so many pixels; by the cells, `cells` of them, that are in the tile there too. */
  nearerToMoved(right: number, down: number): { nearer: number; cells: number } {
    const there = new Float64Array(3);
    let same = 0;
    let moved = 0;
    let cells = 0;
    for (let cell = 0; cell < this.cells; cell++) {
      if (!this.#staysInside(cell, right, down)) continue;
      means(this.#tile, this.#points, cell, right, down, there, 0);
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

/** A number below 16 that is another for each point of each cell, and the same in every run. */
function scattered(column: number, row: number, point: number): number {
  return scrambled(column, row, point) >>> 28;
}

/** One point in each square of each cell; in a tile shorter than a cell the squares are smaller. */
function pointsOf({ width, height }: Raster<3>, columns: Cells, rows: Cells): Int32Array {
  const points = new Int32Array((columns[1] - columns[0]) * (rows[1] - rows[0]) * POINTS * 2);
  const across = Math.min(1, width / CELL_PX);
  const down = Math.min(1, height / CELL_PX);
  let at = 0;
  for (let row = rows[0]; row < rows[1]; row++)
    for (let column = columns[0]; column < columns[1]; column++)
      for (let point = 0; point < POINTS; point++) {
        const place = scattered(column, row, point);
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
 * Writes the mean of each channel of a cell, moved by so many pixels.
 * @returns the sum over the channels of their mean squares.
 */
function means(
  { data, width }: Raster<3>,
  points: Int32Array,
  cell: number,
  right: number,
  down: number,
  into: Float64Array,
  to: number,
): number {
  let red = 0;
  let green = 0;
  let blue = 0;
  let squares = 0;
  const moved = down * width + right;
  for (let at = cell * 2 * POINTS; at < (cell + 1) * 2 * POINTS; at += 2) {
    const i = ((points[at + 1] as number) * width + (points[at] as number) + moved) * 3;
    const r = data[i] as number;
    const g = data[i + 1] as number;
    const b = data[i + 2] as number;
    red += r;
    green += g;
    blue += b;
    squares += r * r + g * g + b * b;
  }
  const most = sampleMaximum(data);
  const unit = 255 / (most * POINTS);
  into[to] = red * unit;
  into[to + 1] = green * unit;
  into[to + 2] = blue * unit;
  return squares * unit * (255 / most);
}

/** Writes the mean of each channel of a cell's answer, of two samples for each point along each axis. */
function enlargedMeans(
  { data, width }: Raster<3>,
  points: Int32Array,
  cell: number,
  scale: number,
  into: Float64Array,
): void {
  const step = Math.max(1, scale >> 1);
  let red = 0;
  let green = 0;
  let blue = 0;
  let samples = 0;
  for (let at = cell * 2 * POINTS; at < (cell + 1) * 2 * POINTS; at += 2) {
    const left = (points[at] as number) * scale;
    const top = (points[at + 1] as number) * scale;
    for (let y = top; y < top + scale; y += step)
      for (let x = left; x < left + scale; x += step) {
        const i = (y * width + x) * 3;
        red += data[i] as number;
        green += data[i + 1] as number;
        blue += data[i + 2] as number;
        samples++;
      }
  }
  const unit = 255 / (sampleMaximum(data) * samples);
  into[cell * 3] = red * unit;
  into[cell * 3 + 1] = green * unit;
  into[cell * 3 + 2] = blue * unit;
}

/** A number of 32 bits that looks like chance, and is the same for the same numbers in every run. */
export function scrambled(column: number, row: number, layer: number): number {
  const mixed = Math.imul(column * 31 + row * 1009 + layer * 9176 + 1, 0x9e3779b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 0;
}
