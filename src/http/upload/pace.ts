export const SAMPLE_INTERVAL_MS = 500;

/** The rate of a transfer, from samples of its byte count. */
export class Pace {
  /** Oldest first. */
  #samples: { readonly atMs: number; readonly bytes: number }[];

  /** @param keepMs the longest period that `bytesPerSecond` is asked about. */
  constructor(
    private readonly keepMs: number,
    bytes: number,
  ) {
    this.#samples = [{ atMs: performance.now(), bytes }];
  }

  /** @param bytes transferred in all. */
  sample(bytes: number): void {
    const nowMs = performance.now();
    this.#samples.push({ atMs: nowMs, bytes });
    while ((this.#samples[1]?.atMs ?? nowMs) <= nowMs - this.keepMs) this.#samples.shift();
  }

  /** Starts the measurement again, when the client is not the cause of a delay. */
  restart(bytes: number): void {
    this.#samples = [{ atMs: performance.now(), bytes }];
  }

  /** Time since the oldest sample, at most a little more than `keepMs`. */
  get watchedMs(): number {
    return performance.now() - (this.#samples[0]?.atMs ?? 0);
  }

  /** The mean rate over the last `overMs`, or since the oldest sample. @param bytes transferred in all. */
  bytesPerSecond(overMs: number, bytes: number): number {
    const nowMs = performance.now();
    const from = this.#samples.findLast(({ atMs }) => atMs <= nowMs - overMs) ?? this.#samples[0];
    if (from === undefined) return 0;
    return ((bytes - from.bytes) * 1000) / Math.max(1, nowMs - from.atMs);
  }
}
