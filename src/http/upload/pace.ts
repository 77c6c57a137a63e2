/** Interval at which a transfer's bytes are counted. */
export const LOOK_EVERY_MS = 500;

/** The speed of a transfer, from byte counts every half second. */
export class Pace {
  /** Counts, oldest first. Measurements begin at the first. */
  #seen: { readonly atMs: number; readonly bytes: number }[];

  /** @param keepMs longest window that `bytesPerSecond` is asked for. */
  constructor(
    private readonly keepMs: number,
    bytes: number,
  ) {
    this.#seen = [{ atMs: performance.now(), bytes }];
  }

  /** Records the total of transferred bytes. */
  look(bytes: number): void {
    const nowMs = performance.now();
    this.#seen.push({ atMs: nowMs, bytes });
    while ((this.#seen[1]?.atMs ?? nowMs) <= nowMs - this.keepMs) this.#seen.shift();
  }

  /** Restarts the measurement: the delay so far was not the client's fault. */
  restart(bytes: number): void {
    this.#seen = [{ atMs: performance.now(), bytes }];
  }

  /** Milliseconds since the measurement began, up to `keepMs` and a little more. */
  get watchedMs(): number {
    return performance.now() - (this.#seen[0]?.atMs ?? 0);
  }

  /**
   * Bytes per second over the last `overMs`, or since the start where that is shorter.
   * @param bytes total of transferred bytes by now.
   */
  bytesPerSecond(overMs: number, bytes: number): number {
    const nowMs = performance.now();
    // The latest count that is old enough, else the oldest.
    const from = this.#seen.findLast(({ atMs }) => atMs <= nowMs - overMs) ?? this.#seen[0];
    if (from === undefined) return 0;
    return ((bytes - from.bytes) * 1000) / Math.max(1, nowMs - from.atMs);
  }
}
