/** Time without a job after which an engine is idle. One job often follows another at once. */
const IDLE_MS = 2000;

/** Work for idle time. It stops as soon as a job comes. */
export class IdleTime {
  #inside = 0;
  #timer: NodeJS.Timeout | undefined;
  #working = new AbortController();

  /** @param work handles its own errors, and stops soon after its signal is aborted. */
  constructor(
    private readonly work: (signal: AbortSignal) => Promise<void>,
    private readonly idleMs = IDLE_MS,
  ) {}

  /** Runs a job. Idle time begins some time after its end. */
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
