/** How often the bytes of a transfer are looked at. */
export const LOOK_EVERY_MS = 500;

/** How fast bytes move, from what was seen of them every half second. */
export class Pace {
  /** Oldest first; the first is where the judgement begins. */
  #seen: { readonly atMs: number; readonly bytes: number }[];

  /** @param keepMs over how long a pace may be asked for. */
  constructor(
    private readonly keepMs: number,
    bytes: number,
  ) {
    this.#seen = [{ atMs: performance.now(), bytes }];
  }

  /** Notes how many bytes have moved in all. */
  look(bytes: number): void {
    const nowMs = performance.now();
    this.#seen.push({ atMs: nowMs, bytes });
    while ((this.#seen[1]?.atMs ?? nowMs) <= nowMs - this.keepMs) this.#seen.shift();
  }

  /** Begins anew: what has not moved so far was not the client's fault. */
  restart(bytes: number): void {
    this.#seen = [{ atMs: performance.now(), bytes }];
  }

  /** For how long it has been watched, up to `keepMs` and a little more. */
  get watchedMs(): number {
    return performance.now() - (this.#seen[0]?.atMs ?? 0);
  }

  /**
   * Bytes a second over the last so many milliseconds, or since the beginning where that is shorter.
   * @param bytes that have moved in all by now.
   */
  bytesPerSecond(overMs: number, bytes: number): number {
    const nowMs = performance.now();
    // The latest of those that are old enough, else the oldest.
    const from = this.#seen.findLast(({ atMs }) => atMs <= nowMs - overMs) ?? this.#seen[0];
    if (from === undefined) return 0;
    return ((bytes - from.bytes) * 1000) / Math.max(1, nowMs - from.atMs);
  }
}
