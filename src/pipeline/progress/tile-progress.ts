/** How far the tiles of an image are. */
export interface TilesDone {
  readonly tilesDone: number;
  readonly tilesTotal: number;
  /** undefined before the first tile is done. */
  readonly secondsLeft?: number;
}

/** Listeners are promised news every second. */
export const MAX_SILENCE_MS = 900;

/**
 * Reports each tile as it is done. While a tile takes longer than `MAX_SILENCE_MS`, it reports the same count again, with the seconds that
 * are left by then; but for a tile that blocks the event loop.
 */
export class TileProgress {
  #latest = { done: 0, total: 0, leftMs: undefined as number | undefined, atMs: 0 };
  #timer: NodeJS.Timeout | undefined;

  /** @param tell is called from within `count`, and by a timer until `stop`. */
  constructor(
    private readonly tell: (progress: TilesDone) => void,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** So many tiles are in their places; 0 when the first is begun. @param leftMs for the others; undefined before the first is done. */
  count(done: number, total: number, leftMs?: number): void {
    this.#latest = { done, total, leftMs, atMs: this.nowMs() };
    this.#tell();
    this.#timer ??= setInterval(() => this.#tell(), MAX_SILENCE_MS);
    this.#timer.refresh();
  }

  /** Reports no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    const { done, total, leftMs, atMs } = this.#latest;
    const left = leftMs === undefined ? undefined : Math.max(0, leftMs - (this.nowMs() - atMs)) / 1000;
    this.tell({ tilesDone: done, tilesTotal: total, ...(left === undefined ? {} : { secondsLeft: left }) });
  }
}
