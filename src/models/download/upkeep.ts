import type { Config } from '../../config/config.js';
import type { Log, ModelStatus, ProviderStatus } from '../../domain/types.js';
import { loadManifest } from '../manifest.js';
import type { ModelEntry } from '../manifest-entry.js';
import { BackgroundDownload, type DownloadStatus } from './background-download.js';
import { watchModels } from './watch-models.js';

/** The part of the engine that uses the models folder. */
export interface ModelUser {
  status(): { readonly models: readonly ModelStatus[]; readonly providers: readonly ProviderStatus[] };
  /** Reads the models folder again. */
  modelsChanged(): void;
}

type UpkeepConfig = Pick<Config, 'MODELS_DIR' | 'MODELS_DOWNLOAD' | 'MODELS_MIRROR' | 'DEFAULT_MODEL'>;

/** Keeps a running service's models up to date: watches the models folder and downloads missing models of the chain. */
export class ModelUpkeep {
  #background: BackgroundDownload | undefined;
  #stopWatching: (() => void) | undefined;
  #closed = false;

  constructor(
    private readonly config: UpkeepConfig,
    private readonly user: ModelUser,
    private readonly log: Log,
  ) {}

  /** Call after the engine has reported its models. Never rejects: without downloads the service works with the models it has. */
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

  /** Downloads since the start; none when downloads are off or no model was missing. */
  downloads(): readonly DownloadStatus[] {
    return this.#background?.status() ?? [];
  }

  /** Stops the watch and the downloads; the next start resumes an unfinished download. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopWatching?.();
    await this.#background?.close();
  }
}

/**
 * The models that a running service should download: the default model and the chain's models that are missing, in this order. On a GPU the
 * half-precision twin of each comes before it.
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
