import type { RgbPixels } from './tile-model.js';
import { sampleMaximum } from './tile-tensor.js';

/**
 * Whether an answer is its tile, enlarged. Both are averaged over cells of input pixels, and compared region by region. What is finer
 * than a cell a network may change as it likes, and the means too where there is much of it: a denoiser takes the noise out of them. Of a cell
 * some pixels are looked at, scattered, so that no pattern has one colour under all of them. Differences are root mean squares in
 * 1/255 of the range. The figures are in docs/architecture.md, from `bench/tile-check.ts`: bounds are about three times the worst
 * of any network on any picture.
 */
const CELL_PX = 16;
/** One pixel is looked at in each square of this side. */
const SQUARE_PX = 4;
/** In a cell. */
const POINTS = (CELL_PX / SQUARE_PX) ** 2;
/** Cells to a side of a region. A fault may be in one part of a tile, and a few cells say little. */
const REGION_CELLS = 6;

/** A channel of a region may differ by so much … */
const LIKELY_DRIFT = 40;
/** … and by the square of the deviation inside of its cells over this. */
const LIKELY_BY_DETAIL = 45;

/** Below this difference nothing else is looked for: that of most answers. */
const SUSPICIOUS = 8;
/** An answer so many times nearer to a picture that the tile is not was made from that picture. */
const NEARER = 4;
/** In fewer cells chance weighs more: they may differ twice as much, and no move is looked for. */
const LEAST_CELLS = 24;
/** With fewer cells no swap and no misreading is looked for either. */
const LEAST_CELLS_FOR_COLOURS = 9;
/** Input pixels, in each direction. */
const MOVES_PX = [4, 6, 8, 10, 12, 14, 16];

/** What a mistaken range makes of a sample, which then differs by more than is likely. */
const MISREADINGS: readonly ((value: number) => number)[] = [
  (value) => 255 - value,
  (value) => Math.max(0, 2 * value - 255),
  (value) => (value + 255) / 2,
];

/** How an answer compares with its tile: the worst of its regions. */
export interface Comparison {
  /** Difference of a channel, as a share of what is likely; above 1 it is another picture. */
  readonly far: number;
  /** How many times nearer it is to the tile with red and blue swapped; 0 where nothing was suspicious. */
  readonly swapped: number;
  /** The same for the tile moved by `movedPx`. */
  readonly moved: number;
  readonly movedPx: number;
  /** The same for the tile inverted, or in a range misread. */
  readonly misread: number;
}

/** @returns what is wrong with an answer, in a sentence; undefined where it may well be the tile enlarged. */
export function faultOfAnswer(tile: RgbPixels, answer: RgbPixels): string | undefined {
  const { far, swapped, moved, movedPx, misread } = compareWithTile(tile, answer);
  const made = 'The answer, made small again, is not the tile that the model was given';
  if (swapped > NEARER) return `${made}: red and blue are swapped.`;
  if (moved > NEARER) return `${made}: it is moved by about ${movedPx} pixels.`;
  if (misread > NEARER) return `${made}: it is inverted, or its range is another.`;
  return far > 1
    ? `${made}: a part of it differs ${far.toFixed(1)} times as much as can be right.`
    : undefined;
}

/** @param answer `tile` enlarged by a whole number. Takes 3 to 7 ns for each pixel of the tile. */
export function compareWithTile(tile: RgbPixels, answer: RgbPixels): Comparison {
  const columns = regionsOf(tile.width);
  const rows = regionsOf(tile.height);
  const worst = { far: 0, swapped: 0, moved: 0, movedPx: 0, misread: 0 };
  for (const down of rows)
    for (const across of columns) {
      const region = new Region(tile, answer, across, down);
      worst.far = Math.max(worst.far, region.far());
      if (region.difference < SUSPICIOUS || region.cells < LEAST_CELLS_FOR_COLOURS) continue;
      if (region.difference > LIKELY_DRIFT) worst.misread = Math.max(worst.misread, region.nearerToMisread());
      worst.swapped = Math.max(worst.swapped, region.nearerToSwapped());
      if (region.cells < LEAST_CELLS) continue;
      const { moved, movedPx } = region.nearerToMoved();
      if (moved > worst.moved) Object.assign(worst, { moved, movedPx });
    }
  return worst;
}

/** From inclusive, to exclusive. */
type Cells = readonly [number, number];

/** The regions along one side. */
function regionsOf(length: number): Cells[] {
  const cells = Math.max(1, Math.floor(length / CELL_PX));
  const regions = Math.max(1, Math.round(cells / REGION_CELLS));
  const cut = (index: number): number => Math.round((index * cells) / regions);
  return Array.from({ length: regions }, (_, index) => [cut(index), cut(index + 1)] as const);
}

/** A number below 16 that is another for each point of each cell, and the same in every run. */
function scattered(column: number, row: number, point: number): number {
  const mixed = Math.imul(column * 31 + row * 1009 + point * 9176 + 1, 0x9e3779b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 28;
}

/** A part of a tile and its answer. */
class Region {
  readonly cells: number;
  /** Of all channels. */
  readonly difference: number;
  readonly #tile: RgbPixels;
  /** x and y of each point, cell by cell. */
  readonly #points: Int32Array;
  /** Means of the cells, red, green and blue after each other. */
  readonly #of: Float64Array;
  readonly #answered: Float64Array;
  /** Deviation inside of the tile's cells. */
  readonly #detail: number;

  constructor(tile: RgbPixels, answer: RgbPixels, columns: Cells, rows: Cells) {
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
    this.#detail = Math.sqrt(Math.max(0, squares) / this.#of.length);
    this.difference = differenceOf(this.#answered, this.#of);
  }

  /** The channel that differs most, as a share of what is likely. */
  far(): number {
    let most = 0;
    for (let channel = 0; channel < 3; channel++) {
      let sum = 0;
      for (let i = channel; i < this.#of.length; i += 3)
        sum += ((this.#answered[i] as number) - (this.#of[i] as number)) ** 2;
      most = Math.max(most, sum);
    }
    const likely = LIKELY_DRIFT + this.#detail ** 2 / LIKELY_BY_DETAIL;
    return Math.sqrt(most / this.cells) / (this.cells < LEAST_CELLS ? 2 * likely : likely);
  }

  nearerToMisread(): number {
    const nearest = MISREADINGS.map((misread) => differenceOf(this.#answered, this.#of.map(misread)));
    return this.difference / Math.min(...nearest);
  }

  nearerToSwapped(): number {
    const swapped = this.#of.map((_, i) => this.#of[i + 2 - 2 * (i % 3)] as number);
    return this.difference / differenceOf(this.#answered, swapped);
  }

  nearerToMoved(): Pick<Comparison, 'moved' | 'movedPx'> {
    let most = { moved: 0, movedPx: 0 };
    for (const px of MOVES_PX)
      for (const [right, down] of [
        [px, 0],
        [-px, 0],
        [0, px],
        [0, -px],
      ] as const) {
        const moved = this.#nearerTo(right, down);
        if (moved > most.moved) most = { moved, movedPx: px };
      }
    return most;
  }

  /** By the cells that lie in the tile when they are moved. */
  #nearerTo(right: number, down: number): number {
    const { width, height } = this.#tile;
    const there = new Float64Array(3);
    let same = 0;
    let moved = 0;
    let cells = 0;
    for (let cell = 0; cell < this.cells; cell++) {
      if (!this.#staysInside(cell, right, down, width, height)) continue;
      means(this.#tile, this.#points, cell, right, down, there, 0);
      for (let channel = 0; channel < 3; channel++) {
        const answered = this.#answered[cell * 3 + channel] as number;
        same += (answered - (this.#of[cell * 3 + channel] as number)) ** 2;
        moved += (answered - (there[channel] as number)) ** 2;
      }
      cells++;
    }
    return cells < LEAST_CELLS ? 0 : Math.sqrt(same / moved);
  }

  #staysInside(cell: number, right: number, down: number, width: number, height: number): boolean {
    for (let at = cell * 2 * POINTS; at < (cell + 1) * 2 * POINTS; at += 2) {
      const x = (this.#points[at] as number) + right;
      const y = (this.#points[at + 1] as number) + down;
      if (x < 0 || y < 0 || x >= width || y >= height) return false;
    }
    return true;
  }
}

/** One point in each square of each cell; in a tile shorter than a cell the squares are smaller. */
function pointsOf({ width, height }: RgbPixels, columns: Cells, rows: Cells): Int32Array {
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
  { data, width }: RgbPixels,
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
  { data, width }: RgbPixels,
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
