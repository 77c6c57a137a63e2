/** Lets callers wait for a condition over state without events. The owner of the state announces changes. */
export class Changes {
  readonly #observers = new Set<() => void>();

  /** Checks every awaited condition again. */
  announce(): void {
    for (const look of [...this.#observers]) look();
  }

  /** Resolves with true when the condition holds, or with false after the limit. */
  async until(condition: () => boolean, limitMs?: number): Promise<boolean> {
    if (condition()) return true;
    return new Promise((resolve) => {
      const finish = (met: boolean) => {
        clearTimeout(timer);
        this.#observers.delete(look);
        resolve(met);
      };
      const look = () => {
        if (condition()) finish(true);
      };
      const timer =
        limitMs === undefined ? undefined : setTimeout(() => finish(false), Math.min(limitMs, MAX_TIMER_MS));
      this.#observers.add(look);
    });
  }
}

/** Longest delay of setTimeout, which treats a longer one as none. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
