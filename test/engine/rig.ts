import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/config.js';
import type { Log, UpscaleProgress, UpscaleResult, UpscaleTask } from '../../src/domain/types.js';
import type { RunHooks } from '../../src/engine/engine.js';
import { engineConfig } from '../../src/engine/protocol.js';
import type { FleetOptions } from '../../src/engine/supervisor/fleet.js';
import { Supervisor } from '../../src/engine/supervisor/supervisor.js';
import { atEnd } from '../at-end.js';
import { until } from '../until.js';
import { OPTIONS } from '../upscale-options.js';
import type { Script } from './runners/scripted-runner.js';

export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

export function runnerPath(name: string): string {
  return fileURLToPath(new URL(`./runners/${name}.js`, import.meta.url));
}

export function settings(): FleetOptions['settings'] {
  return { config: engineConfig(loadConfig({}, '/')), threads: 1, memoryBytes: 1e9, heartbeatMs: 100 };
}

/** A running job of a rig. */
export interface Running {
  readonly result: Promise<UpscaleResult>;
  readonly progress: readonly UpscaleProgress[];
  readonly abort: AbortController;
  /** Resolves with the first progress for which the condition holds, also when that has been told already. */
  progressed(condition?: (progress: UpscaleProgress) => boolean): Promise<UpscaleProgress>;
  /** Resolves when it blocks its engine. */
  blocked(): Promise<void>;
  /** Lets a job that is held at a tile go on, now and in later runs. */
  letGo(): Promise<void>;
  /** The process ids of its runs so far. */
  runs(): Promise<number[]>;
}

/** A supervisor over scripted engines, with a folder for their jobs; closed and removed after the test. */
export async function rig(test: TestContext, changes: Partial<FleetOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-engine-'));
  const supervisor = new Supervisor({
    engines: 1,
    launch: { runnerPath: runnerPath('scripted-runner'), environment: process.env },
    settings: settings(),
    silenceMs: 60_000,
    log: SILENT,
    ...changes,
  });
  atEnd(test, async () => {
    await supervisor.close(0);
    await rm(folder, { recursive: true });
  });
  let count = 0;
  const run = async (
    script: Script,
    changed: Partial<UpscaleTask> = {},
    hooks: Pick<RunHooks, 'deadlineFromStart'> = {},
  ): Promise<Running> => {
    const id = `job-${++count}`;
    const workFolder = join(folder, id);
    await mkdir(workFolder);
    const sourcePath = join(workFolder, 'source');
    await writeFile(sourcePath, JSON.stringify(script));
    const abort = new AbortController();
    const progress: UpscaleProgress[] = [];
    const listeners = new Set<(progress: UpscaleProgress) => void>();
    const result = supervisor.run(
      { ...TASK, id, sourcePath, resultPath: join(workFolder, 'result'), workFolder, ...changed },
      {
        ...hooks,
        signal: abort.signal,
        onProgress: (one) => {
          progress.push(one);
          for (const listener of listeners) listener(one);
        },
      },
    );
    // The test looks at the outcome when it is ready to.
    result.catch(() => {});
    return {
      result,
      progress,
      abort,
      progressed: (condition = () => true) =>
        new Promise((resolve) => {
          const told = progress.find(condition);
          if (told !== undefined) return resolve(told);
          const listener = (one: UpscaleProgress) => {
            if (!condition(one)) return;
            listeners.delete(listener);
            resolve(one);
          };
          listeners.add(listener);
        }),
      blocked: async () => {
        await until(() => existsSync(join(workFolder, 'blocked')), `${id} blocks its engine.`);
      },
      letGo: () => writeFile(join(workFolder, 'go'), ''),
      runs: async () => (await readFile(join(workFolder, 'runs'), 'utf8')).trim().split('\n').map(Number),
    };
  };
  const engine = () => {
    const [first] = supervisor.status().engines;
    assert.ok(first, 'an engine is running');
    return first;
  };
  return { supervisor, run, engine, folder };
}

export const TASK: Omit<UpscaleTask, 'id' | 'sourcePath' | 'resultPath' | 'workFolder'> = {
  header: { format: 'png', width: 1, height: 1, hasAlpha: false, sixteenBit: false, pages: 1 },
  options: OPTIONS,
  deadlineAtMs: Number.MAX_SAFE_INTEGER,
  excludedCandidates: [],
  earlierAttempts: [],
};

/** Engines that can be made impossible to start, as by a lack of memory, and possible again. */
export class Outage {
  private constructor(private readonly folder: string) {}

  static async create(test: TestContext): Promise<Outage> {
    const folder = await mkdtemp(join(tmpdir(), 'tessera-outage-'));
    atEnd(test, () => rm(folder, { recursive: true }));
    const outage = new Outage(folder);
    const wrapper = `#!/bin/sh\n[ -e '${folder}/outage' ] && exit 1\nexec '${process.execPath}' "$@"\n`;
    await writeFile(outage.execPath, wrapper, { mode: 0o755 });
    return outage;
  }

  /** Stands in node's place. */
  get execPath(): string {
    return join(this.folder, 'node');
  }

  async beginBeforeStart(): Promise<void> {
    await writeFile(join(this.folder, 'outage'), '');
  }

  /** Kills the engines; resolves once the supervisor has given up hope. */
  async begin(supervisor: Supervisor): Promise<void> {
    await this.beginBeforeStart();
    for (const { pid } of supervisor.status().engines) process.kill(pid, 'SIGKILL');
    await until(() => supervisor.status().startsFail, 'The supervisor has given up on starting an engine.');
  }

  async end(): Promise<void> {
    await rm(join(this.folder, 'outage'));
  }
}
