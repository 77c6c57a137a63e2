import type { Config } from '../../config/config.js';
import type { Log, ModelStatus, ProviderStatus } from '../../domain/types.js';
import { loadManifest } from '../manifest.js';
import type { ModelEntry } from '../manifest-entry.js';
import { BackgroundDownload, type DownloadStatus } from './background-download.js';
import { watchModels } from './watch-models.js';

/** What upkeep needs of the engine. */
export interface ModelUser {
  status(): { readonly models: readonly ModelStatus[]; readonly providers: readonly ProviderStatus[] };
  /** Looks at the models folder again. */
  modelsChanged(): void;
}

type UpkeepConfig = Pick<Config, 'MODELS_DIR' | 'MODELS_DOWNLOAD' | 'MODELS_MIRROR' | 'DEFAULT_MODEL'>;

/** Keeps the models of a running service up to date: watches their folder and fetches what the chain and the default model miss. */
export class ModelUpkeep {
  #background: BackgroundDownload | undefined;
  #stopWatching: (() => void) | undefined;
  #closed = false;

  constructor(
    private readonly config: UpkeepConfig,
    private readonly user: ModelUser,
    private readonly log: Log,
  ) {}

  /** Begins, once the engine has told its models. Never fails: the service works on what it has. */
  async start(): Promise<void> {
    const { MODELS_DIR, MODELS_DOWNLOAD, MODELS_MIRROR, DEFAULT_MODEL } = this.config;
    if (this.#closed) return;
    this.#stopWatching = watchModels(MODELS_DIR, this.log, () => this.user.modelsChanged());
    if (MODELS_DOWNLOAD === 'off') return;
    try {
      const entries = await loadManifest(MODELS_DIR);
      if (this.#closed) return;
      const { models, providers } = this.user.status();
      this.#background = new BackgroundDownload(wantedDownloads(entries, models, providers, DEFAULT_MODEL), {
        modelsFolder: MODELS_DIR,
        mirror: MODELS_MIRROR,
        log: this.log,
        onArrival: () => this.user.modelsChanged(),
      });
    } catch (error) {
      this.log.warn({ err: error }, 'models are not downloaded: the manifest cannot be read');
    }
  }

  /** Downloads since the start; none when they are off or nothing was missing. */
  downloads(): readonly DownloadStatus[] {
    return this.#background?.status() ?? [];
  }

  /** Stops both; what has come of a download stays for the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopWatching?.();
    await this.#background?.close();
  }
}

/**
 * Which files a running service should fetch: those of the default model and of the chain that are missing, in this order; and on
 * a GPU their halves, which it prefers.
 * @param defaultModel `DEFAULT_MODEL`.
 */
export function wantedDownloads(
  entries: readonly ModelEntry[],
  statuses: readonly ModelStatus[],
  providers: readonly ProviderStatus[],
  defaultModel: string,
): readonly ModelEntry[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const installed = new Set(statuses.filter((status) => status.installed).map((status) => status.name));
  const hasGpu = providers.some(({ provider, usable }) => usable && provider !== 'cpu');
  const placeOf = ({ name, chainPosition }: ModelStatus) => (name === defaultModel ? -1 : chainPosition);
  const used = statuses
    .filter((status) => placeOf(status) !== undefined)
    .sort((a, b) => (placeOf(a) ?? 0) - (placeOf(b) ?? 0))
    .flatMap((status) => byName.get(status.name) ?? []);
  const wanted = used.flatMap((entry) => {
    const half = hasGpu && entry.halfTwin !== undefined ? byName.get(entry.halfTwin) : undefined;
    return half === undefined ? [entry] : [half, entry];
  });
  return [...new Set(wanted)].filter((entry) => entry.url !== undefined && !installed.has(entry.name));
}
