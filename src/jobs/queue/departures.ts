import type { Log } from '../../domain/types.js';
import type { Engine } from '../../engine/engine.js';

/** Removes the files of ended jobs. While an engine still works on a job, files removed under it would be written again. */
export class Departures {
  readonly #pending = new Set<Promise<void>>();

  constructor(
    private readonly engine: Pick<Engine, 'leaving'>,
    private readonly log: Log,
  ) {}

  /**
   * Removes a job's files. Resolves when that is done. Where an engine still works on the job, it resolves at once:
   * the files are removed later, and a failure is logged.
   * @throws the errors of `tidy` where it runs at once.
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

  /** Resolves when no removal is left, which requires that engines are closed or let go of their jobs. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }
}
