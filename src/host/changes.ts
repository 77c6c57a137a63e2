/** Lets others wait for a condition over state that has no events of its own: its owner says when something changed. */
export class Changes {
  readonly #observers = new Set<() => void>();

  /** Something changed: every condition waited for is looked at again. */
  announce(): void {
    for (const look of [...this.#observers]) look();
  }

  /** Resolves once the condition holds, at once when it does already; with false when the limit came first. */
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

/** What setTimeout can wait for; it takes more for none at all. */
export const MAX_TIMER_MS = 2 ** 31 - 1;
