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
  /** A session that nobody used for this long is unloaded. */
  readonly idleMs: number;
  readonly costs: CostModel;
  readonly log: Log;
  /** How a model is loaded; the default is ONNX Runtime's. */
  readonly open?: typeof openModel;
}

/** A loaded model in somebody's hands; it is not unloaded before `giveBack`. */
export interface Loan {
  readonly model: TileModel;
  /** Idempotent. */
  giveBack(): void;
}

interface Slot {
  readonly entry: ModelEntry;
  readonly provider: Provider;
  /** Of its file, when loading began. */
  readonly stamp: string | undefined;
  readonly loading: Promise<LoadedModel>;
  loaded: boolean;
  users: number;
  idle: NodeJS.Timeout | undefined;
  /** Its file or its entry is another now: who has it goes on, and nobody else gets it. */
  retired: boolean;
}

/**
 * The sessions of one process: each loaded on first use, once, whoever asks, and unloaded when idle. A session stands for the file and the
 * entry that it was made from: where either is another one now, the next who asks gets a new session.
 */
export class SessionPool {
  readonly #slots = new Map<string, Slot>();
  /** Files that could not be used, so that a bad file is not read again for every image; forgotten when it changes. */
  readonly #refused = new Map<string, { readonly stamp: string; readonly error: ModelLoadError }>();

  constructor(readonly options: PoolOptions) {}

  /**
   * Loads the model, or waits for who is loading it.
   * @throws ModelLoadError, or TileFailure device_lost when the device went while the model was tried.
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

  /** @returns why this model cannot be used on this provider, if that was found out; until its file or its entry changes. */
  refusal(entry: ModelEntry, provider: Provider): ModelLoadError | undefined {
    const refused = this.#refused.get(keyOf(entry, provider));
    return refused?.stamp === this.#stamp(entry) ? refused?.error : undefined;
  }

  /** Whether the file is there. Looks at the disk: models arrive while the service runs. */
  isInstalled(entry: ModelEntry): boolean {
    return this.#stamp(entry) !== undefined;
  }

  /** Unloads everything, after the runs that were asked for. */
  async close(): Promise<void> {
    const slots = [...this.#slots.values()];
    this.#slots.clear();
    await Promise.all(slots.map((slot) => this.#unload(slot)));
  }

  /** @returns the session of this very file and entry. */
  #current(entry: ModelEntry, provider: Provider): Slot | undefined {
    const slot = this.#slots.get(keyOf(entry, provider));
    return slot?.stamp === this.#stamp(entry) ? slot : undefined;
  }

  #load(key: string, entry: ModelEntry, provider: Provider): Slot {
    this.#retireFormer(entry, provider);
    // Looked at before it is read: what is written meanwhile is another file.
    const stamp = this.#stamp(entry);
    const loading = this.#open(entry, provider);
    const slot: Slot = {
      entry,
      provider,
      stamp,
      loading,
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
    // Memory may be free next time; a file that was not there may come.
    if (!(error instanceof ModelLoadError) || error.reason === 'out_of_memory' || stamp === undefined) return;
    this.#refused.set(key, { stamp, error });
    this.options.log.warn({ model: entry.name, reason: error.reason, err: error.cause }, error.message);
  }

  /** Takes the sessions of this name out of use that are not of its present file and entry; each is freed when nobody has it. */
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
      // One that failed to load has been told of already; nothing waits for a session that cannot be freed.
      this.options.log.debug({ model: slot.entry.name, err: error }, 'session not released');
    }
  }

  /** Changes when the file changes; undefined when it is not there. */
  #stamp(entry: ModelEntry): string | undefined {
    const stats = statSync(join(this.options.modelsFolder, entry.file), { throwIfNoEntry: false });
    return stats?.isFile() ? `${stats.mtimeMs} ${stats.ctimeMs} ${stats.size} ${stats.ino}` : undefined;
  }
}

function keyOf(entry: ModelEntry, provider: Provider): string {
  return `${modelKey(entry)}@${provider}`;
}
