import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Config, loadConfig } from '../../src/config/config.js';
import { CostModel } from '../../src/cost/cost-model.js';
import { TesseraError } from '../../src/domain/errors.js';
import type { Log, ModelStatus, UpscalePlan, UpscaleResult, UpscaleTask } from '../../src/domain/types.js';
import type { Engine, EngineStatus, RunHooks } from '../../src/engine/engine.js';
import type { DurableOptions, Job, JobRequest } from '../../src/jobs/job.js';
import { LocalJobs } from '../../src/jobs/local-jobs.js';
import { atEnd } from '../at-end.js';
import { modelStatus } from '../model-status.js';
import { OPTIONS } from '../upscale-options.js';

export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A run that the test ends when it likes. */
export interface HeldRun {
  readonly task: UpscaleTask;
  readonly hooks: RunHooks;
  /** Writes a result of that many bytes. */
  succeed(bytes?: number): Promise<void>;
  fail(error: Error): void;
}

/** An engine whose runs end when the test says so, or when they are aborted. */
export class HeldEngine implements Engine {
  readonly runs: HeldRun[] = [];
  readonly costs = new CostModel();
  /** What it reports of its models. */
  models: readonly ModelStatus[] = [];
  readonly #awaited = new Map<string, (run: HeldRun) => void>();

  /** The job's run, once it has begun. Runs begin in no particular order: a start is written down before it happens. */
  runOf({ id }: Pick<Job, 'id'>): Promise<HeldRun> {
    const begun = this.runs.find(({ task }) => task.id === id);
    return begun === undefined
      ? new Promise((resolve) => this.#awaited.set(id, resolve))
      : Promise.resolve(begun);
  }

  run(task: UpscaleTask, hooks: RunHooks): Promise<UpscaleResult> {
    return new Promise((resolve, reject) => {
      const run: HeldRun = {
        task,
        hooks,
        succeed: async (bytes = 10) => {
          await writeFile(task.resultPath, Buffer.alloc(bytes));
          const result = resultOf(task, bytes);
          this.#report(task, result);
          resolve(result);
        },
        fail: reject,
      };
      const abort = () => reject(hooks.signal.reason);
      if (hooks.signal.aborted) abort();
      hooks.signal.addEventListener('abort', abort);
      this.runs.push(run);
      this.#awaited.get(task.id)?.(run);
    });
  }

  /** After each job an engine reports what it has learnt. */
  #report({ header }: UpscaleTask, result: UpscaleResult): void {
    this.costs.recordJob(header, result);
    const microseconds = (result.timings.inferMs * 1000) / (header.width * header.height);
    this.models = [
      modelStatus({ name: 'held', chainPosition: 0, microsecondsPerPixel: { cpu: microseconds } }),
    ];
  }

  /** Set by a test whose engine does not hear: what `leaving` answers. */
  held: Promise<void> | undefined;

  leaving(): Promise<void> | undefined {
    return this.held;
  }

  plan(): Promise<UpscalePlan> {
    return Promise.reject(new Error('not asked for here'));
  }

  status(): EngineStatus {
    return {
      state: 'ready',
      engines: [],
      threadsPerEngine: 1,
      startsFail: false,
      restarts: 0,
      models: this.models,
      providers: [],
    };
  }

  modelsChanged(): void {}

  async ready(): Promise<void> {}

  async close(): Promise<void> {}
}

function resultOf(task: UpscaleTask, bytes: number): UpscaleResult {
  return {
    width: task.header.width * 4,
    height: task.header.height * 4,
    format: 'jpeg',
    bytes,
    scale: 4,
    model: 'held',
    tiles: 1,
    fallback: false,
    attempts: [{ model: 'held', outcome: 'served', ms: 1 }],
    timings: { decodeMs: 0, inferMs: 1000, blendMs: 0, encodeMs: 0, turnWaitMs: 0 },
    droppedPages: 0,
  };
}

export async function tempDir(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-jobs-'));
  atEnd(test, () => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function config(folder: string, changes: Partial<Config> = {}): Config {
  return { ...loadConfig({}, folder), TEMP_DIR: folder, ENGINE_MEMORY_MB: 1000, ...changes };
}

/** Jobs over a held engine in a folder of their own; closed after the test. */
export async function rig(test: TestContext, changes: Partial<Config> = {}, folder?: string) {
  const dir = folder ?? (await tempDir(test));
  const engine = new HeldEngine();
  const jobs = await LocalJobs.open(config(dir, changes), engine, SILENT);
  atEnd(test, () => jobs.close(0));
  /** Uploads a source of ten bytes, or what is given. */
  const upload = async (changed: Partial<JobRequest> = {}, bytes: Uint8Array = Buffer.from('ten bytes!')) => {
    const reservation = await jobs.reserve(bytes.length);
    await writeFile(reservation.sourcePath, bytes);
    return { reservation, request: { ...request(), sourceBytes: bytes.length, ...changed } };
  };
  const submit = async (changed: Partial<JobRequest> = {}) => {
    const { reservation, request: asked } = await upload(changed);
    return jobs.submit(reservation, asked);
  };
  const submitDurable = async (
    durable: Partial<DurableOptions> = {},
    changed: Partial<JobRequest> = {},
    bytes?: Uint8Array,
  ) => {
    const { reservation, request: asked } = await upload(changed, bytes);
    try {
      const [kept] = await jobs.submitDurable([
        { reservation, request: asked, durable: { owner: '', ...durable } },
      ]);
      assert.ok(kept);
      return kept;
    } catch (thrown) {
      await reservation.release();
      throw thrown;
    }
  };
  return { jobs, engine, folder: dir, upload, submit, submitDurable };
}

export function request(pixels = 100): JobRequest {
  return {
    header: { format: 'png', ...sidesOf(pixels), hasAlpha: false, sixteenBit: false, pages: 1 },
    options: OPTIONS,
    sourceBytes: 10,
    uploadedAtMs: Date.now(),
  };
}

/** The sides of an image of so many pixels, as square as they can be. */
function sidesOf(pixels: number): { width: number; height: number } {
  let height = Math.floor(Math.sqrt(pixels));
  while (pixels % height !== 0) height--;
  return { width: pixels / height, height };
}

/** A request for an image of so many pixels. */
export function ofPixels(pixels: number): Partial<JobRequest> {
  return { header: request(pixels).header };
}

/** Every job folder under a `TEMP_DIR`, of whichever instance. */
export async function jobFolders(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const instance of await readdir(folder)) {
    // Read with their kinds: one may go while the others are looked at.
    for (const entry of await readdir(join(folder, instance), { withFileTypes: true })) {
      if (entry.isDirectory()) found.push(join(folder, instance, entry.name));
    }
  }
  return found;
}

/** That the disk that jobs count is what their folders take of it by the system's own count; some systems count nothing for a folder. */
export async function countsTheDisk(jobs: LocalJobs, folder: string): Promise<void> {
  const folders = await jobFolders(folder);
  const paths = [...folders];
  for (const path of folders) for (const name of await readdir(path)) paths.push(join(path, name));
  let usedBytes = 0;
  for (const path of paths) usedBytes += 512 * (await stat(path)).blocks;
  const { diskBytes } = jobs.status();
  assert.ok(
    diskBytes >= usedBytes && diskBytes <= usedBytes + 4096 * folders.length,
    `${diskBytes} bytes are counted, ${usedBytes} are used`,
  );
}

export function failsWith(code: string) {
  return (thrown: unknown) => {
    assert.ok(thrown instanceof TesseraError, String(thrown));
    assert.equal(thrown.code, code);
    return true;
  };
}
