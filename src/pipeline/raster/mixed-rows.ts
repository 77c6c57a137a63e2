import { setImmediate } from 'node:timers/promises';
import type { Raster, Samples } from '../../tiling/raster.js';
import { LanczosRows } from './lanczos.js';
import { allocateSamples, type RowSink } from './row-sink.js';

/** Source rows that are resampled before the event loop gets a turn: some milliseconds. */
const ROWS_A_TURN = 16;

/** Rows of RGB, first in, first out. */
class RowQueue implements RowSink {
  readonly #rows: Samples[] = [];
  #window: Samples;

  constructor(
    readonly samplesInRow: number,
    readonly sixteenBit: boolean,
  ) {
    this.#window = allocateSamples(0, sixteenBit);
  }

  window(rows: number): Samples {
    this.#window = allocateSamples(rows * this.samplesInRow, this.sixteenBit);
    return this.#window;
  }

  async finish(rows: number): Promise<void> {
    for (let row = 0; row < rows; row += 1)
      this.#rows.push(this.#window.subarray(row * this.samplesInRow, (row + 1) * this.samplesInRow));
  }

  take(): Samples | undefined {
    return this.#rows.shift();
  }
}

/**
 * Mixes the rows of a network with its source, enlarged by Lanczos to the same size, on their way into another sink. Holds some rows of the
 * enlarged source at a time.
 */
export class MixedRows implements RowSink {
  readonly #source: Raster;
  readonly #strength: number;
  readonly #into: RowSink;
  readonly #stride: number;
  readonly #queue: RowQueue;
  readonly #resampler: LanczosRows;
  #fed = 0;

  /** @param source RGB. @param size of the network's rows, at least that of the source. @param strength 0..1, the network's share. */
  constructor(
    source: Raster,
    size: { readonly width: number; readonly height: number },
    strength: number,
    into: RowSink,
  ) {
    const sixteenBit = source.data instanceof Uint16Array;
    this.#source = source;
    this.#strength = strength;
    this.#into = into;
    this.#stride = size.width * 3;
    this.#queue = new RowQueue(this.#stride, sixteenBit);
    this.#resampler = new LanczosRows(source, size, sixteenBit, this.#queue);
  }

  window(rows: number): Samples {
    return this.#into.window(rows);
  }

  async finish(rows: number): Promise<void> {
    const plain = await this.#resampled(rows);
    const window = this.#into.window(rows);
    for (const [row, samples] of plain.entries()) {
      const start = row * this.#stride;
      for (let at = 0; at < samples.length; at += 1) {
        const base = samples[at] ?? 0;
        window[start + at] = base + ((window[start + at] ?? 0) - base) * this.#strength + 0.5;
      }
    }
    await this.#into.finish(rows);
  }

  /** The next rows of the enlarged source. */
  async #resampled(rows: number): Promise<readonly Samples[]> {
    const plain: Samples[] = [];
    while (plain.length < rows) {
      const next = this.#queue.take();
      if (next === undefined) await this.#feed();
      else plain.push(next);
    }
    return plain;
  }

  async #feed(): Promise<void> {
    const { data, width } = this.#source;
    this.#resampler.window(1).set(data.subarray(this.#fed * width * 3, (this.#fed + 1) * width * 3));
    this.#fed += 1;
    await this.#resampler.finish(1);
    if (this.#fed % ROWS_A_TURN === 0) await setImmediate();
  }
}
