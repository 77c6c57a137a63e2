import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../domain/types.js';
import { type Instance, isMissing } from './instance.js';

/** The job folders of one instance: created exclusively (0700), and removed once. */
export class JobFolders {
  /** Removals in progress. */
  readonly #removals = new Map<string, Promise<void>>();

  constructor(
    private readonly instance: Instance,
    private readonly log: Log,
  ) {}

  pathOf(id: string): string {
    return join(this.instance.folder, id);
  }

  /** @throws the system's error, also when the folder exists. */
  async create(id: string): Promise<void> {
    const path = this.pathOf(id);
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown;
      // A clean-up of temporary files removed the instance's folder.
      await this.instance.ensure();
      await mkdir(path, { mode: 0o700 });
    }
  }

  /** Removes a folder and everything in it. A failure is only logged. */
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

  /** Resolves when no removal is in progress. */
  async settled(): Promise<void> {
    await Promise.all(this.#removals.values());
  }
}
