import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../domain/types.js';
import { type Instance, isMissing } from './instance.js';

/** The job folders of one instance. */
export class JobFolders {
  readonly #removals = new Map<string, Promise<void>>();

  constructor(
    private readonly instance: Instance,
    private readonly log: Log,
  ) {}

  pathOf(id: string): string {
    return join(this.instance.folder, id);
  }

  /** Creates the folder of a job, mode 0700. @throws the system's error, also when the folder exists. */
  async create(id: string): Promise<void> {
    const make = () => mkdir(this.pathOf(id), { mode: 0o700 });
    await make().catch(async (thrown: unknown) => {
      if (!isMissing(thrown)) throw thrown;
      // A cleaner of temporary files removed the folder of the instance.
      await this.instance.ensure();
      await make();
    });
  }

  /** Removes the folder of a job. A failure is logged, since no caller can do anything about it. */
  remove(id: string): Promise<void> {
    const underWay = this.#removals.get(id);
    if (underWay !== undefined) return underWay;
    const removal = rm(this.pathOf(id), { recursive: true, force: true, maxRetries: 3 })
      .catch((thrown: unknown) =>
        this.log.warn({ err: thrown, job: id }, 'a job folder could not be removed'),
      )
      .finally(() => this.#removals.delete(id));
    this.#removals.set(id, removal);
    return removal;
  }

  /** Resolves when no removal is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#removals.values());
  }
}
