import { setImmediate as nextPass } from 'node:timers/promises';

/** Pixels of a block: a few milliseconds of work, thirty at most. */
const BLOCK_PIXELS = 1 << 18;

/** A part of a picture, in pixels; right and bottom are exclusive. */
interface Block {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Covers a picture with blocks, row by row; a picture wider than a block has several in each row. Between two blocks
 * the event loop goes on, so that a large picture delays neither heartbeats nor other jobs.
 */
export async function* blocks(width: number, height: number): AsyncGenerator<Block> {
  const columns = Math.min(width, BLOCK_PIXELS);
  const rows = Math.max(1, Math.floor(BLOCK_PIXELS / width));
  for (let top = 0; top < height; top += rows) {
    const bottom = Math.min(height, top + rows);
    for (let left = 0; left < width; left += columns) {
      if (top + left > 0) await nextPass();
      yield { left, top, right: Math.min(width, left + columns), bottom };
    }
  }
}

/** Counts work without blocks: pixels, or bytes. */
export class Breaks {
  #since = 0;

  /**
   * Records work.
   * @returns true when the event loop should go on: await `take`.
   */
  isDue(work: number): boolean {
    this.#since += work;
    return this.#since >= BLOCK_PIXELS;
  }

  async take(): Promise<void> {
    this.#since = 0;
    await nextPass();
  }
}
