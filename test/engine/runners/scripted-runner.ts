import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TesseraError } from '../../../src/domain/errors.js';
import {
  type Attempt,
  LANCZOS,
  type ModelStatus,
  type UpscaleResult,
  type UpscaleTask,
} from '../../../src/domain/types.js';
import type { CreateRunner, RunnerHooks } from '../../../src/engine/worker/runner.js';
import type { FairTileScheduler } from '../../../src/engine/worker/tile-scheduler.js';
import { DeviceLost } from '../../../src/models/fallback/device-lost.js';
import { TileFailure } from '../../../src/models/tile-model.js';
import { OutOfMemory } from '../../../src/pipeline/raster/out-of-memory.js';
import { modelStatus } from '../../model-status.js';
import { until } from '../../until.js';

/** What a scripted job does; its source file holds this as JSON. */
export interface Script {
  readonly tiles?: number;
  /** Milliseconds that each tile blocks the event loop, as inference does. */
  readonly tileMs?: number;
  /** The process ends at this tile (-1: while the image is read) in its first `dieTimes` runs of the job. */
  readonly dieAtTile?: number;
  readonly dieTimes?: number;
  /** By this signal; SIGKILL is what the system sends when memory runs out. */
  readonly dieBy?: 'SIGKILL' | 'SIGSEGV';
  /** It writes this to its error output before it ends. */
  readonly lastWords?: string;
  /** Before this tile it waits, other jobs meanwhile going on, until a file called `go` is in the job's folder. */
  readonly heldAtTile?: number;
  /** At this tile the event loop is blocked for good. */
  readonly blockAtTile?: number;
  /** It dies and blocks only while this model is at work. */
  readonly onlyUnderModel?: string;
  /** At this tile the job stops for nothing, while the event loop stays free. */
  readonly deafAtTile?: number;
  /** Candidates that turn out to need a new process. */
  readonly losesModels?: readonly string[];
  /** Every run tells of these attempts before its first tile. */
  readonly attempts?: readonly Attempt[];
  /** Tells of its model as served, and then dies, in so many first runs: while it encodes. */
  readonly diesServed?: number;
  /** Its model is measured to need so many seconds for an image of one pixel. */
  readonly needsSeconds?: number;
  /** Its model serves, and then the job stops for nothing: an encoder that cannot be stopped. */
  readonly deafServed?: boolean;
  /** Its own model's try fails, and no other is allowed. */
  readonly refuses?: boolean;
  /** Memory runs out at its end: always, while another job is in the engine, or where another has been before. */
  readonly lacksMemory?: 'always' | 'beside others' | 'in an old process';
}

/** Networks of the scripted chain, best first; Lanczos follows. */
const MODELS = ['first', 'second', 'third'];

/** Of an image of one pixel, with its border. */
const PIXELS_OF_A_TILE = 21 ** 2;

/** Jobs in this process, and those that have been. */
let inside = 0;
let ended = 0;

/** What is known of the models. */
let models: readonly ModelStatus[] = [];

export const createRunner: CreateRunner = async (_settings, scheduler, _log, onLearnt) => ({
  run: (task, hooks) => {
    inside++;
    return runScript(task, hooks, scheduler, onLearnt).finally(() => {
      inside--;
      ended++;
    });
  },
  plan: async (request) => ({
    width: request.header.width * 4,
    height: request.header.height * 4,
    candidates: [],
    model: 'first',
    steps: ['network'],
    tiles: 1,
    estimatedSeconds: 1,
    estimatedMemoryBytes: 1,
  }),
  modelsChanged: async () => {},
  models: () => models,
  learnt: () => ({ candidates: [], work: {} }),
  providers: () => [{ provider: 'cpu', usable: true, detail: `process ${process.pid}` }],
});

async function runScript(
  task: UpscaleTask,
  hooks: RunnerHooks,
  scheduler: FairTileScheduler,
  onLearnt: () => void,
): Promise<UpscaleResult> {
  const script = JSON.parse(readFileSync(task.sourcePath, 'utf8')) as Script;
  const runsFile = join(task.workFolder, 'runs');
  appendFileSync(runsFile, `${process.pid}\n`);
  const runs = readFileSync(runsFile, 'utf8').trim().split('\n').length;
  const dies = script.dieAtTile !== undefined && runs <= (script.dieTimes ?? Infinity);
  const die = async (): Promise<never> => {
    if (script.lastWords !== undefined)
      await new Promise((resolve) => process.stderr.write(`${script.lastWords}\n`, resolve));
    process.kill(process.pid, script.dieBy ?? 'SIGKILL');
    return new Promise(() => {});
  };
  if (dies && script.dieAtTile === -1) {
    hooks.onProgress({ stage: 'decode', tilesDone: 0, tilesTotal: 0 });
    await die();
  }
  const excluded = new Set(task.excludedCandidates.map((candidate) => candidate.model));
  const model = MODELS.find((name) => !excluded.has(name)) ?? LANCZOS;
  const candidateAtWork = { model, ...(model === LANCZOS ? {} : { provider: 'cpu' as const }) };
  for (const attempt of script.attempts ?? []) hooks.onAttempt(attempt);
  if (script.needsSeconds !== undefined) {
    const cpu = (script.needsSeconds * 1e6) / PIXELS_OF_A_TILE;
    models = [modelStatus({ name: 'first', chainPosition: 0, microsecondsPerPixel: { cpu } })];
    onLearnt();
  }
  const tiles = script.tiles ?? 2;
  let turnWaitMs = 0;
  for (let tile = 0; tile < tiles; tile++) {
    hooks.onProgress({ stage: 'infer', tilesDone: tile, tilesTotal: tiles, ...candidateAtWork });
    if (script.heldAtTile === tile)
      await until(() => existsSync(join(task.workFolder, 'go')), 'The test lets the job go on.');
    const askedMs = performance.now();
    const turn = await scheduler.take(
      task.id,
      script.deafAtTile === tile ? new AbortController().signal : hooks.signal,
    );
    turnWaitMs += performance.now() - askedMs;
    if (script.losesModels?.includes(model)) {
      turn.end();
      const candidate = { model, provider: 'cpu', reason: 'device_lost' } as const;
      const attempt = { ...candidate, outcome: 'failed', ms: 1 } as const;
      hooks.onAttempt(attempt);
      throw new DeviceLost(
        candidate,
        [...task.earlierAttempts, attempt],
        new TileFailure('device_lost', 'the device is lost'),
      );
    }
    const harmless = (script.onlyUnderModel ?? model) !== model;
    if (script.blockAtTile === tile && !harmless) {
      writeFileSync(join(task.workFolder, 'blocked'), '');
      for (;;);
    }
    if (script.deafAtTile === tile) await new Promise(() => {});
    if (dies && script.dieAtTile === tile && !harmless) await die();
    const endMs = performance.now() + (script.tileMs ?? 1);
    while (performance.now() < endMs);
    turn.end();
  }
  const lacksMemory =
    script.lacksMemory === 'always' ||
    (script.lacksMemory === 'beside others' && inside > 1) ||
    (script.lacksMemory === 'in an old process' && ended > 0);
  if (lacksMemory) throw new OutOfMemory(new Error('vips_tracked: out of memory -- size == 5MB'));
  if (script.refuses) {
    hooks.onAttempt({ model, provider: 'cpu', outcome: 'failed', reason: 'out_of_memory', ms: 1 });
    throw new TesseraError('fallback_refused', 'No other model is allowed.');
  }
  const served: Attempt = { ...candidateAtWork, outcome: 'served', ms: 1 };
  hooks.onAttempt(served);
  if (script.deafServed) {
    hooks.onProgress({ stage: 'encode', tilesDone: tiles, tilesTotal: tiles });
    await new Promise(() => {});
  }
  if (script.diesServed !== undefined && runs <= script.diesServed) {
    hooks.onProgress({ stage: 'encode', tilesDone: tiles, tilesTotal: tiles });
    await die();
  }
  return {
    width: 4,
    height: 4,
    format: 'png',
    bytes: 1,
    scale: 4,
    ...candidateAtWork,
    tiles,
    fallback: model !== 'first',
    attempts: [...task.earlierAttempts, served],
    timings: { decodeMs: 0, inferMs: 0, blendMs: 0, encodeMs: 0, turnWaitMs },
    droppedPages: 0,
  };
}
