/** One request's share of the work in this process. */
export interface Share {
  /** It begins a candidate that takes so long alone, as far as is known. */
  begin(seconds: number | undefined): void;
  /** So much of that is done. */
  worked(ms: number): void;
  /** It has ended. Idempotent. */
  end(): void;
  /** How long other requests' tiles keep this one waiting, if it takes `seconds` alone. */
  delay(seconds: number): number;
}

/**
 * What the requests in this process have still to compute. Their tiles take turns, one each; so beside a request that needs
 * `s` seconds another one takes its turns until it ends, or until the first has ended: it delays it by the lesser of the two.
 */
export class Workload {
  readonly #remainingMs = new Map<object, number>();

  enter(): Share {
    const key = {};
    this.#remainingMs.set(key, 0);
    return {
      begin: (seconds) => {
        if (this.#remainingMs.has(key)) this.#remainingMs.set(key, (seconds ?? 0) * 1000);
      },
      worked: (ms) => {
        const before = this.#remainingMs.get(key);
        if (before !== undefined) this.#remainingMs.set(key, Math.max(0, before - ms));
      },
      end: () => {
        this.#remainingMs.delete(key);
      },
      delay: (seconds) => {
        let delayMs = 0;
        for (const [other, remainingMs] of this.#remainingMs)
          if (other !== key) delayMs += Math.min(remainingMs, seconds * 1000);
        return delayMs / 1000;
      },
    };
  }
}
