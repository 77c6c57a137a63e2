/** An engine is idle when no job has been inside for this long: one often comes right after another. */
const IDLE_MS = 2000;

/** What an engine does while no job is inside; it stops as soon as one comes. */
export class IdleTime {
  #inside = 0;
  #timer: NodeJS.Timeout | undefined;
  #working = new AbortController();

  /** @param work handles its own errors; stops soon after its signal is aborted. */
  constructor(
    private readonly work: (signal: AbortSignal) => Promise<void>,
    private readonly idleMs = IDLE_MS,
  ) {}

  /** Runs a job; there is no idle time before it has ended, and for a while after. */
  async without<T>(job: () => Promise<T>): Promise<T> {
    this.#inside++;
    clearTimeout(this.#timer);
    this.#working.abort();
    try {
      return await job();
    } finally {
      this.#inside--;
      if (this.#inside === 0) this.#begin();
    }
  }

  #begin(): void {
    this.#timer = setTimeout(() => {
      this.#working = new AbortController();
      void this.work(this.#working.signal);
    }, this.idleMs);
    this.#timer.unref();
  }
}
