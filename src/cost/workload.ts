/** One request's share of the work in this process. */
export interface Share {
  /** The request begins with a candidate that takes so long alone; undefined where that is unknown. */
  begin(seconds: number | undefined): void;
  /** A tile of it took so long. */
  worked(ms: number): void;
  /** The request has ended. Idempotent. */
  end(): void;
  /** How long the tiles of other requests delay this one, if it takes `seconds` alone. */
  delay(seconds: number): number;
}

/**
 * What the requests in this process have still to compute. Their tiles take turns, one each, so another request delays this one until
 * either has ended: by the lesser of the times that the two need.
 */
export class Workload {
  readonly #remainingMs = new Map<object, number>();

  enter(): Share {
    const key = {};
    this.#remainingMs.set(key, 0);
    const change = (to: (remainingMs: number) => number): void => {
      const remainingMs = this.#remainingMs.get(key);
      if (remainingMs !== undefined) this.#remainingMs.set(key, to(remainingMs));
    };
    return {
      begin: (seconds = 0) => change(() => seconds * 1000),
      worked: (ms) => change((remainingMs) => Math.max(0, remainingMs - ms)),
      end: () => void this.#remainingMs.delete(key),
      delay: (seconds) => {
        let delayMs = 0;
        for (const [other, remainingMs] of this.#remainingMs)
          if (other !== key) delayMs += Math.min(remainingMs, seconds * 1000);
        return delayMs / 1000;
      },
    };
  }
}
