const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;

/** Delays between restarts: none after a long life, else doubling from 100 ms up to 30 s. */
export class Backoff {
  #failures = 0;

  /**
   * Records a failure.
   * @returns milliseconds to wait before the next try.
   */
  nextDelayMs(): number {
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures++);
  }

  reset(): void {
    this.#failures = 0;
  }
}
