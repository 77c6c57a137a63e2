import type { Samples } from '../../tiling/raster.js';

/** The destination of a render's rows, from the top: a canvas, or an encoder that needs no canvas. Rows are interleaved RGB. */
export interface RowSink {
  /**
   * Returns room for `rows` rows after the finished ones. What was written there earlier is kept. The view is valid
   * until the next call of `window` or `finish`.
   */
  window(rows: number): Samples;
  /**
   * Marks the first `rows` rows of the window as final. Resolves when there is room to go on.
   * @throws TesseraError disk_full.
   */
  finish(rows: number): Promise<void>;
}

/** An uninitialised array of samples. */
export function allocateSamples(samples: number, sixteenBit: boolean): Samples {
  const { buffer } = Buffer.allocUnsafeSlow(samples * (sixteenBit ? 2 : 1));
  return sixteenBit ? new Uint16Array(buffer) : new Uint8Array(buffer);
}

/** A sink that keeps all rows in memory, as one raster. */
export class MemoryRows implements RowSink {
  readonly data: Samples;
  #finished = 0;

  constructor(
    readonly width: number,
    readonly height: number,
    sixteenBit: boolean,
  ) {
    this.data = allocateSamples(width * height * 3, sixteenBit);
  }

  window(rows: number): Samples {
    const stride = this.width * 3;
    return this.data.subarray(this.#finished * stride, (this.#finished + rows) * stride);
  }

  async finish(rows: number): Promise<void> {
    this.#finished += rows;
  }
}
