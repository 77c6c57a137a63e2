import type { Log } from '../../domain/types.js';
import type { Engine } from '../../engine/engine.js';

/** Files of jobs that have ended while an engine was still at work on them: removed under it, they would come again. */
export class Departures {
  readonly #pending = new Set<Promise<void>>();

  constructor(
    private readonly engine: Pick<Engine, 'leaving'>,
    private readonly log: Log,
  ) {}

  /**
   * Tidies up after a job. Resolves when that is done or, where an engine has not let go of the job, at once: it is done later then,
   * and a failure is for the log.
   * @throws what `tidy` throws, where it is done now.
   */
  async tidy(id: string, tidy: () => Promise<void>): Promise<void> {
    const leaving = this.engine.leaving(id);
    if (leaving === undefined) return tidy();
    const departure = leaving
      .then(tidy)
      .catch((thrown: unknown) => this.log.warn({ err: thrown, job: id }, 'what a job left was not removed'))
      .finally(() => this.#pending.delete(departure));
    this.#pending.add(departure);
  }

  /** Resolves when nothing is left to be done; that takes an engine that is closed, or lets go. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }
}
