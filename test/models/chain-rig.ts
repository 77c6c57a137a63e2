import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CostModel } from '../../src/cost/cost-model.js';
import type { Log, ProviderStatus } from '../../src/domain/types.js';
import { monotonicMs } from '../../src/host/clock.js';
import { ModelChain } from '../../src/models/fallback/chain.js';
import type { ChainRequest } from '../../src/models/fallback/chain-request.js';
import { loadManifest } from '../../src/models/manifest.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import { modelKey } from '../../src/models/model-key.js';
import { type PoolOptions, SessionPool } from '../../src/models/onnx/session-pool.js';
import { install, type TestNetwork } from '../onnx-writer/test-models.js';

/** A log that can be waited for. */
export class RecordingLog implements Log {
  readonly lines: string[] = [];
  readonly #waiting = new Map<string, () => void>();

  debug(_fields: object, message: string): void {
    this.#add(message);
  }
  info(_fields: object, message: string): void {
    this.#add(message);
  }
  warn(_fields: object, message: string): void {
    this.#add(message);
  }
  error(_fields: object, message: string): void {
    this.#add(message);
  }

  count(message: string): number {
    return this.lines.filter((line) => line === message).length;
  }

  /** Resolves when the line is written from now on. Keeps the process alive meanwhile, as timers of idleness do not. */
  async next(message: string): Promise<void> {
    const alive = setInterval(() => undefined, 1000);
    await new Promise<void>((resolve) => this.#waiting.set(message, resolve));
    clearInterval(alive);
  }

  #add(message: string): void {
    this.lines.push(message);
    this.#waiting.get(message)?.();
    this.#waiting.delete(message);
  }
}

export interface Rig {
  readonly chain: ModelChain;
  readonly costs: CostModel;
  readonly folder: string;
  readonly log: RecordingLog;
  readonly entries: readonly ModelEntry[];
  /** By which its costs know a model. */
  key(name: string): string;
  close(): Promise<void>;
}

export interface RigModel {
  readonly name: string;
  readonly network: TestNetwork;
  readonly changes?: Partial<ModelEntry>;
  /** Known to the manifest, but its file is not there. */
  readonly missing?: boolean;
  /** Not in the chain: a twin, or one to be named. */
  readonly aside?: boolean;
}

/** A chain on the CPU over networks made for a test, in a folder of their own. */
export async function chainRig(
  models: readonly RigModel[],
  options: {
    idleMs?: number;
    providers?: readonly ProviderStatus[];
    open?: PoolOptions['open'];
    /** By default one that knows nothing. */
    costs?: CostModel | ((key: Rig['key']) => CostModel);
  } = {},
): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-chain-'));
  const entries: ModelEntry[] = [];
  for (const model of models) {
    const entry = await install(folder, model.name, model.network, model.changes);
    if (model.missing) await rm(join(folder, entry.file));
    entries.push(entry);
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ models: entries }));
  const log = new RecordingLog();
  const key = (name: string): string => {
    const entry = entries.find((each) => each.name === name);
    if (entry === undefined) throw new Error(`The rig has no model "${name}".`);
    return modelKey(entry);
  };
  const { costs: given = new CostModel() } = options;
  const costs = typeof given === 'function' ? given(key) : given;
  const pool = new SessionPool({
    modelsFolder: folder,
    threads: 1,
    idleMs: options.idleMs ?? 60_000,
    costs,
    log,
    ...(options.open === undefined ? {} : { open: options.open }),
  });
  const aside = new Set(models.filter((model) => model.aside).map((model) => model.name));
  const reload = async () => {
    const all = await loadManifest(folder);
    return { entries: all, chain: all.filter((entry) => !aside.has(entry.name)) };
  };
  const chain = new ModelChain({
    models: await reload(),
    providers: options.providers ?? [{ provider: 'cpu', usable: true, detail: 'the test says so' }],
    pool,
    costs,
    reload,
    log,
  });
  const close = async (): Promise<void> => {
    await chain.close();
    await rm(folder, { recursive: true });
  };
  return { chain, costs, folder, log, entries, key, close };
}

/** A request for a small image with plenty of time. */
export function chainRequest(changes: Partial<ChainRequest> = {}): ChainRequest {
  return {
    sixteenBit: false,
    width: 64,
    height: 48,
    rasters: 1,
    scale: 4,
    finishing: { networkMs: 0, lanczosMs: 0 },
    fallback: true,
    tileSizePx: 512,
    deadlineAtMs: monotonicMs() + 3_600_000,
    excludedCandidates: [],
    earlierAttempts: [],
    signal: new AbortController().signal,
    ...changes,
  };
}
