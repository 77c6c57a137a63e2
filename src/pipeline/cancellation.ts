import { TesseraError } from '../domain/errors.js';
import { monotonicMs } from '../host/clock.js';

/** Tells when a job must stop. Checked around each stage and before each tile. */
export class Cancellation {
  constructor(
    readonly signal: AbortSignal,
    /** By `monotonicMs`. */
    readonly deadlineAtMs: number,
  ) {}

  /** @throws TesseraError: the signal's reason, cancelled, or deadline_exceeded. */
  check(): void {
    if (this.signal.aborted) {
      const reason: unknown = this.signal.reason;
      throw reason instanceof TesseraError
        ? reason
        : new TesseraError('cancelled', 'The job was cancelled.', { cause: reason });
    }
    if (monotonicMs() >= this.deadlineAtMs)
      throw new TesseraError('deadline_exceeded', 'The time for this image is over.', {
        details: { parameter: 'timeout' },
      });
  }

  /** Milliseconds left; negative after the deadline. */
  get msLeft(): number {
    return this.deadlineAtMs - monotonicMs();
  }

  /** Time left in whole seconds from 1 to 3600, as sharp's limit of one pipeline. */
  get secondsLeft(): number {
    return Math.min(3600, Math.max(1, Math.ceil(this.msLeft / 1000)));
  }

  /**
   * Awaits work that libvips may end at the deadline, and reports it as late whatever libvips calls it.
   * @throws the errors of `check`, or the error of the work.
   */
  async timed<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.check();
      throw error;
    }
  }
}
