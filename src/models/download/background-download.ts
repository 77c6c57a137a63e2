import type { Log } from '../../domain/types.js';
import type { ModelEntry } from '../manifest-entry.js';
import { type DownloadOptions, downloadModel } from './download.js';
import { DownloadError } from './download-error.js';

/** Progress of one model's download. */
export interface DownloadStatus {
  readonly model: string;
  readonly state: 'waiting' | 'downloading' | 'arrived' | 'failed';
  readonly receivedBytes: number;
  readonly totalBytes: number;
  /** Why it failed, for users. */
  readonly detail?: string;
}

interface BackgroundDownloadOptions
  extends Pick<DownloadOptions, 'modelsFolder' | 'mirror' | 'stallMs' | 'retryDelaysMs'> {
  readonly log: Log;
  /** Called when a model's file is complete. */
  onArrival(model: string): void;
}

/** Downloads models one after another while the service runs. Being offline is normal and gives one warning. */
export class BackgroundDownload {
  /** Settles when all downloads have ended; never rejects. */
  readonly done: Promise<void>;
  readonly #statuses: Map<string, DownloadStatus>;
  readonly #abort = new AbortController();

  /** Starts at once. @param entries in the order to download them. */
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

  /** Stops; the next start resumes an unfinished download. */
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
      // The other downloads would fail too.
      if (failure?.problem === 'disk_full' || failure?.problem === 'not_writable') break;
    }
    if (failures.length === 0 || this.#abort.signal.aborted) return;
    const missing = this.status().filter(({ state }) => state !== 'arrived');
    log.warn(
      {
        models: missing.map(({ model }) => model),
        reasons: [...new Set(failures.map(({ message }) => message))],
      },
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
}
