import type { Log } from '../../domain/types.js';
import type { ModelEntry } from '../manifest-entry.js';
import { type DownloadOptions, downloadModel } from './download.js';
import { DownloadError } from './download-error.js';

/** How far the download of one model is. */
export interface DownloadStatus {
  readonly model: string;
  readonly state: 'waiting' | 'downloading' | 'arrived' | 'failed';
  readonly receivedBytes: number;
  readonly totalBytes: number;
  /** Why it failed, for people. */
  readonly detail?: string;
}

export interface BackgroundDownloadOptions
  extends Pick<DownloadOptions, 'modelsFolder' | 'mirror' | 'stallMs' | 'retryDelaysMs'> {
  readonly log: Log;
  /** A model has arrived and can be used. */
  onArrival(model: string): void;
}

/**
 * Fetches missing models one after another while the service works on what it has. Being offline is normal: it costs one
 * warning and nothing else.
 */
export class BackgroundDownload {
  /** Settles when all downloads have ended; never rejects. */
  readonly done: Promise<void>;
  readonly #statuses: Map<string, DownloadStatus>;
  readonly #abort = new AbortController();

  /** Begins at once. @param entries the models to fetch, in the order of their use. */
  constructor(
    entries: readonly ModelEntry[],
    private readonly options: BackgroundDownloadOptions,
  ) {
    this.#statuses = new Map(
      entries.map((entry) => [
        entry.name,
        { model: entry.name, state: 'waiting', receivedBytes: 0, totalBytes: entry.bytes },
      ]),
    );
    this.done = this.#run(entries);
  }

  status(): readonly DownloadStatus[] {
    return [...this.#statuses.values()];
  }

  /** Stops; what has come so far stays for the next start. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.done;
  }

  async #run(entries: readonly ModelEntry[]): Promise<void> {
    const { log } = this.options;
    const failures: DownloadError[] = [];
    for (const entry of entries) {
      if (this.#abort.signal.aborted) return;
      const failure = await this.#fetch(entry);
      if (failure !== undefined) failures.push(failure);
      // What stops one of these stops them all.
      if (failure?.problem === 'disk_full' || failure?.problem === 'not_writable') break;
    }
    if (failures.length === 0 || this.#abort.signal.aborted) return;
    log.warn(
      { models: this.#failed(), reasons: [...new Set(failures.map((failure) => failure.message))] },
      'models could not be downloaded; the service works with those it has',
    );
  }

  async #fetch(entry: ModelEntry): Promise<DownloadError | undefined> {
    const { log, onArrival, ...options } = this.options;
    this.#set(entry, { state: 'downloading' });
    try {
      const outcome = await downloadModel(entry, {
        ...options,
        signal: this.#abort.signal,
        onProgress: (receivedBytes) => this.#set(entry, { receivedBytes }),
      });
      this.#set(entry, { state: 'arrived', receivedBytes: entry.bytes });
      log.info(
        { model: entry.name, bytes: entry.bytes },
        `model ${outcome === 'present' ? 'was there already' : 'downloaded'}`,
      );
      onArrival(entry.name);
      return undefined;
    } catch (error) {
      const failure = DownloadError.from(error, entry, this.#abort.signal);
      this.#set(entry, { state: 'failed', detail: failure.message });
      return failure;
    }
  }

  #set(entry: ModelEntry, changes: Partial<DownloadStatus>): void {
    const known = this.#statuses.get(entry.name);
    if (known !== undefined) this.#statuses.set(entry.name, { ...known, ...changes });
  }

  #failed(): string[] {
    return this.status()
      .filter(({ state }) => state !== 'arrived')
      .map(({ model }) => model);
  }
}
