import type { Samples } from '../../tiling/raster.js';
import { Cancellation } from '../cancellation.js';
import type { RowSink } from '../raster/row-sink.js';

/** How often it is asked whether to leave: what a lesser candidate needs is counted in hundreds of milliseconds. */
const LOOK_EVERY_MS = 100;

/** What a render gets that may be left. */
export interface Leavable {
  readonly sink: RowSink;
  readonly cancellation: Cancellation;
  /** Aborted when it was left: nobody is to be told of its tiles any more. */
  readonly left: AbortSignal;
}

/**
 * Runs a render whose tiles are computed in threads of their own, and leaves it when `check` throws. Nothing is begun then and nothing
 * written; tiles that are at work go on to their ends, and what they give is lost.
 * @throws what `check` or the render throws.
 */
export async function unlessLeft(
  check: () => void,
  { sink, cancellation }: Pick<Leavable, 'sink' | 'cancellation'>,
  render: (leavable: Leavable) => Promise<void>,
): Promise<void> {
  const leaving = new AbortController();
  const gate = new Gate(sink, leaving.signal);
  let look: NodeJS.Timeout | undefined;
  const left = new Promise<never>((_, reject) => {
    look = setInterval(() => {
      try {
        check();
      } catch (reason) {
        clearInterval(look);
        leaving.abort(reason);
        reject(reason);
      }
    }, LOOK_EVERY_MS);
  });
  const signal = AbortSignal.any([cancellation.signal, leaving.signal]);
  const rendered = render({
    sink: gate,
    cancellation: new Cancellation(signal, cancellation.deadlineAtMs),
    left: leaving.signal,
  });
  // Once it is left, nobody asks how it ends.
  rendered.catch(() => {});
  try {
    await Promise.race([rendered, left]);
  } catch (error) {
    await gate.written;
    throw error;
  } finally {
    clearInterval(look);
  }
}

/** Lets nothing through once it is closed: whoever left may have removed what is behind it. */
class Gate implements RowSink {
  /** Resolves when what was let through is written, or has failed. */
  written: Promise<void> = Promise.resolve();

  constructor(
    private readonly sink: RowSink,
    private readonly closed: AbortSignal,
  ) {}

  window(rows: number): Samples {
    this.closed.throwIfAborted();
    return this.sink.window(rows);
  }

  async finish(rows: number): Promise<void> {
    this.closed.throwIfAborted();
    const writing = this.sink.finish(rows);
    this.written = writing.catch(() => {});
    await writing;
  }
}
