import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../domain/types.js';
import { type Instance, isMissing } from './instance.js';

/** The folders of the jobs of one instance: made exclusively, 0700, and removed once. */
export class JobFolders {
  /** Removals that are going on. */
  readonly #removals = new Map<string, Promise<void>>();

  constructor(
    private readonly instance: Instance,
    private readonly log: Log,
  ) {}

  pathOf(id: string): string {
    return join(this.instance.folder, id);
  }

  /** @throws the system's error, also when the folder is there already. */
  async create(id: string): Promise<void> {
    const path = this.pathOf(id);
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown;
      // Somebody's clean-up of temporary files took the instance's folder.
      await this.instance.ensure();
      await mkdir(path, { mode: 0o700 });
    }
  }

  /** Removes a folder with all that is in it; a failure is for the log, as nobody else could do anything about it. */
  remove(id: string): Promise<void> {
    const going = this.#removals.get(id);
    if (going !== undefined) return going;
    const removal = rm(this.pathOf(id), { recursive: true, force: true, maxRetries: 3 })
      .catch((thrown: unknown) =>
        this.log.warn({ err: thrown, job: id }, 'a job folder could not be removed'),
      )
      .finally(() => this.#removals.delete(id));
    this.#removals.set(id, removal);
    return removal;
  }

  /** Resolves when nothing is being removed any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#removals.values());
  }
}
