import type { Log } from '../../domain/types.js';
import type { Engine } from '../../engine/engine.js';

/** Removes the files of ended jobs, but not while an engine is still at work on them: it would write them again. */
export class Departures {
  readonly #pending = new Set<Promise<void>>();

  constructor(
    private readonly engine: Pick<Engine, 'leaving'>,
    private readonly log: Log,
  ) {}

  /**
   * Tidies up after a job: now, or once the engine has let go of it. In the latter case it resolves at once, and logs a failure.
   * @throws what `tidy` throws, where that runs now.
   */
  async tidy(id: string, tidy: () => Promise<void>): Promise<void> {
    const leaving = this.engine.leaving(id);
    if (leaving === undefined) return tidy();
    const departure = leaving
      .then(tidy)
      .catch((thrown: unknown) =>
        this.log.warn({ err: thrown, job: id }, 'the files of a job were not removed'),
      )
      .finally(() => this.#pending.delete(departure));
    this.#pending.add(departure);
  }

  /** Resolves when no files are left to remove: the engine has let go of their jobs, or is closed. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }
}
