import type { Samples } from '../../tiling/raster.js';
import { Cancellation } from '../cancellation.js';
import type { RowSink } from '../raster/row-sink.js';

/** Interval of checks. The time that a lesser candidate needs is hundreds of milliseconds. */
const LOOK_EVERY_MS = 100;

/** What an abandonable render gets. */
export interface Leavable {
  readonly sink: RowSink;
  readonly cancellation: Cancellation;
  /** Aborted when the render was left. Nobody is to be told of its tiles any more. */
  readonly left: AbortSignal;
}

/**
 * Runs a render with tile workers, and leaves it when `check` throws. Then nothing more is begun or written. Tiles in
 * progress run to their ends, and their answers are dropped.
 * @throws the error of `check` or of the render.
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
  // Nobody awaits an abandoned render.
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

/** Blocks writes once it is closed, because the sink behind it may be gone. */
class Gate implements RowSink {
  /** Resolves when the last permitted write has succeeded or failed. */
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
