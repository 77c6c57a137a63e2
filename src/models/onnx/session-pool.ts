import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { CostModel } from '../../cost/cost-model.js';
import type { Log, Provider } from '../../domain/types.js';
import { ModelLoadError } from '../failure.js';
import type { ModelEntry } from '../manifest-entry.js';
import { modelKey } from '../model-key.js';
import { TileFailure, type TileModel } from '../tile-model.js';
import { type LoadedModel, openModel } from './session.js';
import { warmUp } from './warm-up.js';

export interface PoolOptions {
  readonly modelsFolder: string;
  /** Threads of one run on the CPU. */
  readonly threads: number;
  /** A session that was not used for this long is unloaded. */
  readonly idleMs: number;
  readonly costs: CostModel;
  readonly log: Log;
  /** How a model is loaded; the default is ONNX Runtime's. */
  readonly open?: typeof openModel;
}

/** A borrowed model, which stays loaded until `giveBack`. */
export interface Loan {
  readonly model: TileModel;
  /** Idempotent. */
  giveBack(): void;
}

interface Slot {
  readonly entry: ModelEntry;
  readonly provider: Provider;
  /** The file's stamp when loading began. */
  readonly stamp: string | undefined;
  readonly loading: Promise<LoadedModel>;
  loaded: boolean;
  users: number;
  idle: NodeJS.Timeout | undefined;
  /** The file or the entry was replaced: present users keep the session, and it is not lent again. */
  retired: boolean;
}

/**
 * The sessions of one process. Each is loaded once, on first use, and unloaded when idle. After a change of the file or the entry the next
 * borrower gets a new session.
 */
export class SessionPool {
  readonly #slots = new Map<string, Slot>();
  /** Unusable files, which are not read again for every image; a file that changes is. */
  readonly #refused = new Map<string, { readonly stamp: string; readonly error: ModelLoadError }>();

  constructor(readonly options: PoolOptions) {}

  /**
   * Loads the model, or waits while it is being loaded.
   * @throws ModelLoadError, or TileFailure device_lost when the device was lost during the first tiles.
   */
  async borrow(entry: ModelEntry, provider: Provider): Promise<Loan> {
    const key = keyOf(entry, provider);
    const refusal = this.refusal(entry, provider);
    if (refusal !== undefined) throw refusal;
    const slot = this.#current(entry, provider) ?? this.#load(key, entry, provider);
    slot.users += 1;
    clearTimeout(slot.idle);
    let held = true;
    const giveBack = (): void => {
      if (!held) return;
      held = false;
      slot.users -= 1;
      if (slot.users > 0) return;
      if (slot.retired) void this.#unload(slot);
      else if (this.#slots.get(key) === slot) this.#unloadLater(key, slot);
    };
    try {
      return { model: await slot.loading, giveBack };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  isLoaded(entry: ModelEntry, provider: Provider): boolean {
    return this.#current(entry, provider)?.loaded ?? false;
  }

  /** @returns why this model cannot be used on this provider, if an earlier attempt failed with the same file and entry. */
  refusal(entry: ModelEntry, provider: Provider): ModelLoadError | undefined {
    const refused = this.#refused.get(keyOf(entry, provider));
    return refused?.stamp === this.#stamp(entry) ? refused?.error : undefined;
  }

  /** Whether the file exists now; models arrive while the service runs. */
  isInstalled(entry: ModelEntry): boolean {
    return this.#stamp(entry) !== undefined;
  }

  /** Unloads all sessions after their pending runs. */
  async close(): Promise<void> {
    const slots = [...this.#slots.values()];
    this.#slots.clear();
    await Promise.all(slots.map((slot) => this.#unload(slot)));
  }

  /** @returns the session of the present file and entry. */
  #current(entry: ModelEntry, provider: Provider): Slot | undefined {
    const slot = this.#slots.get(keyOf(entry, provider));
    return slot?.stamp === this.#stamp(entry) ? slot : undefined;
  }

  #load(key: string, entry: ModelEntry, provider: Provider): Slot {
    this.#retireFormer(entry, provider);
    const slot: Slot = {
      entry,
      provider,
      stamp: this.#stamp(entry), // before the file is read, so that a change meanwhile is noticed
      loading: this.#open(entry, provider),
      loaded: false,
      users: 0,
      idle: undefined,
      retired: false,
    };
    this.#slots.set(key, slot);
    slot.loading.then(
      () => {
        slot.loaded = true;
      },
      (error: unknown) => {
        if (this.#slots.get(key) === slot) this.#slots.delete(key);
        clearTimeout(slot.idle);
        this.#rememberRefusal(key, slot, error);
      },
    );
    return slot;
  }

  async #open(entry: ModelEntry, provider: Provider): Promise<LoadedModel> {
    const { modelsFolder, threads, costs, log, open = openModel } = this.options;
    const startedMs = performance.now();
    const model = await open(entry, modelsFolder, provider, { threads });
    try {
      const { inputPixels, ms } = await warmUp(model);
      costs.recordSpeed(modelKey(entry), provider, inputPixels, ms);
    } catch (error) {
      await model.release();
      if (!(error instanceof TileFailure) || error.reason === 'device_lost') throw error;
      throw new ModelLoadError(error.reason, `${entry.name} failed its first tile: ${error.message}`, {
        cause: error,
      });
    }
    const ms = Math.round(performance.now() - startedMs);
    log.info({ model: entry.name, provider, ms }, 'model loaded');
    return model;
  }

  #rememberRefusal(key: string, { entry, stamp }: Slot, error: unknown): void {
    // Memory may be free next time, and a missing file may arrive.
    if (!(error instanceof ModelLoadError) || error.reason === 'out_of_memory' || stamp === undefined) return;
    this.#refused.set(key, { stamp, error });
    this.options.log.warn({ model: entry.name, reason: error.reason, err: error.cause }, error.message);
  }

  /** Retires the sessions of a former file or entry; each is unloaded after its last user. */
  #retireFormer(entry: ModelEntry, provider: Provider): void {
    for (const [key, slot] of this.#slots) {
      if (slot.entry.name !== entry.name || slot.provider !== provider) continue;
      this.#slots.delete(key);
      slot.retired = true;
      this.options.log.info({ model: entry.name, provider }, 'model replaced');
      if (slot.users === 0) void this.#unload(slot);
    }
  }

  #unloadLater(key: string, slot: Slot): void {
    slot.idle = setTimeout(() => {
      this.#slots.delete(key);
      this.options.log.info({ model: slot.entry.name, provider: slot.provider }, 'idle model unloaded');
      void this.#unload(slot);
    }, this.options.idleMs);
    slot.idle.unref();
  }

  async #unload(slot: Slot): Promise<void> {
    clearTimeout(slot.idle);
    try {
      await (await slot.loading).release();
    } catch (error) {
      // A failure to load was reported to the borrower.
      this.options.log.debug({ model: slot.entry.name, err: error }, 'session not released');
    }
  }

  /** @returns a string that changes with the file; undefined when it does not exist. */
  #stamp(entry: ModelEntry): string | undefined {
    const stats = statSync(join(this.options.modelsFolder, entry.file), { throwIfNoEntry: false });
    return stats?.isFile() ? `${stats.mtimeMs} ${stats.ctimeMs} ${stats.size} ${stats.ino}` : undefined;
  }
}

function keyOf(entry: ModelEntry, provider: Provider): string {
  return `${modelKey(entry)}@${provider}`;
}
