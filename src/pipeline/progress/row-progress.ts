/** How far work is that goes row by row. */
export interface RowsDone {
  readonly rowsDone: number;
  readonly rowsTotal: number;
  /** undefined before the first row is done. */
  readonly secondsLeft?: number;
}

/** Thousands of rows are done in a second: listeners hear of them at most this often, and of the last one always. */
const INTERVAL_MS = 200;

/** Reports how many rows are done, and how long the others take at the same pace. */
export class RowProgress {
  readonly #startedMs: number;
  #toldMs = Number.NEGATIVE_INFINITY;

  /** @param tell is called from within `count`. */
  constructor(
    private readonly tell: (progress: RowsDone) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.#startedMs = nowMs();
  }

  /** So many rows are done; 0 when the first is begun. */
  count(rowsDone: number, rowsTotal: number): void {
    const nowMs = this.nowMs();
    if (rowsDone < rowsTotal && nowMs - this.#toldMs < INTERVAL_MS) return;
    this.#toldMs = nowMs;
    const leftMs = ((nowMs - this.#startedMs) / rowsDone) * (rowsTotal - rowsDone);
    this.tell({ rowsDone, rowsTotal, ...(rowsDone === 0 ? {} : { secondsLeft: leftMs / 1000 }) });
  }
}
