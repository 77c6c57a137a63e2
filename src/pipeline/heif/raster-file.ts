import { closeSync, openSync, writeSync } from 'node:fs';
import { type CanvasShape, type CanvasTags, vipsHeader, vipsTrailer } from '../raster/canvas.js';

/** Write size. */
const BATCH_BYTES = 1_000_000;

/** A file in libvips' own format, written row by row from the top, synchronously: its thread does nothing else. */
export class RasterFile {
  readonly #file: number;
  readonly #batch: Buffer;
  #held = 0;

  /**
   * @param path created exclusively, by this call.
   * @throws the system's error.
   */
  constructor(path: string, shape: CanvasShape, channels: number) {
    this.#file = openSync(path, 'wx', 0o600);
    const rowBytes = shape.width * channels * (shape.sixteenBit ? 2 : 1);
    this.#batch = Buffer.alloc(Math.max(1, Math.floor(BATCH_BYTES / rowBytes)) * rowBytes);
    this.#write(vipsHeader(shape, channels));
  }

  /**
   * @param row is copied.
   * @throws the system's error.
   */
  append(row: Uint8Array | Uint16Array): void {
    const bytes = new Uint8Array(row.buffer, row.byteOffset, row.byteLength);
    this.#batch.set(bytes, this.#held);
    this.#held += bytes.length;
    if (this.#held === this.#batch.length) this.#flush();
  }

  /**
   * Writes the rest, and the tags after it.
   * @throws the system's error.
   */
  complete(tags: CanvasTags): void {
    this.#flush();
    this.#write(Buffer.from(vipsTrailer(tags)));
  }

  close(): void {
    closeSync(this.#file);
  }

  #flush(): void {
    this.#write(this.#batch.subarray(0, this.#held));
    this.#held = 0;
  }

  #write(bytes: Buffer): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
  }
}
