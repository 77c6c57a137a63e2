import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { CostModel } from '../../src/cost/cost-model.js';
import type { UpscaleResult, UpscaleTask } from '../../src/domain/types.js';
import { FairTileScheduler } from '../../src/engine/worker/tile-scheduler.js';
import { monotonicMs } from '../../src/host/clock.js';
import { ModelLoadError } from '../../src/models/failure.js';
import { DeviceLost } from '../../src/models/fallback/device-lost.js';
import { openModel } from '../../src/models/onnx/session.js';
import { downscaledLikeness } from '../../src/models/providers/golden-tile.js';
import { TileFailure } from '../../src/models/tile-model.js';
import { upscale } from '../../src/pipeline/upscale.js';
import type { Raster } from '../../src/tiling/raster.js';
import { signingNetwork } from '../onnx-writer/test-models.js';
import { noOverhead } from '../pipeline/stage.js';
import { chainRig, type Rig, type RigModel } from './chain-rig.js';

/** What goes wrong with one model. Tiles are counted from the first of the warm-up. */
type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'load'; readonly reason: 'corrupt_model' | 'out_of_memory' | 'not_installed' }
  | {
      readonly kind: 'tile';
      readonly at: number;
      readonly reason: 'runtime_error' | 'invalid_output' | 'out_of_memory' | 'device_lost';
    }
  | { readonly kind: 'memory'; readonly limitPx: number }
  | { readonly kind: 'always'; readonly reason: 'invalid_output' | 'out_of_memory' };

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('none' as const) }),
  fc.record({
    kind: fc.constant('load' as const),
    reason: fc.constantFrom('corrupt_model' as const, 'out_of_memory' as const, 'not_installed' as const),
  }),
  fc.record({
    kind: fc.constant('tile' as const),
    at: fc.integer({ min: 1, max: 14 }),
    reason: fc.constantFrom(
      'runtime_error' as const,
      'invalid_output' as const,
      'out_of_memory' as const,
      'device_lost' as const,
    ),
  }),
  fc.record({ kind: fc.constant('memory' as const), limitPx: fc.integer({ min: 10, max: 70 }) }),
  fc.record({
    kind: fc.constant('always' as const),
    reason: fc.constantFrom('invalid_output' as const, 'out_of_memory' as const),
  }),
);

const SIGNATURES: Readonly<Record<string, number>> = { quick: 240, exact: 244, double: 248, last: 252 };
const TWINS: Readonly<Record<string, string>> = { quick: 'exact' };
const MODELS: readonly RigModel[] = [
  {
    name: 'quick',
    network: signingNetwork(240, { scale: 4, type: 'uint8' }),
    changes: { floatTwin: 'exact' },
  },
  { name: 'exact', network: signingNetwork(244, { scale: 4 }), aside: true },
  { name: 'double', network: signingNetwork(248, { scale: 2 }) },
  { name: 'last', network: signingNetwork(252, { scale: 4 }) },
];
const NAMES = MODELS.map((model) => model.name);

/** Loads real models that fail as the schedule says. The counts go on when an "engine" is replaced. */
function failing(schedule: Readonly<Record<string, Fault>>): typeof openModel {
  const tiles = new Map<string, number>();
  return async (entry, folder, provider, options) => {
    const planned = schedule[entry.name] ?? { kind: 'none' };
    if (planned.kind === 'load')
      throw new ModelLoadError(planned.reason, `${entry.name} was made not to load`);
    const model = await openModel(entry, folder, provider, options);
    const run = async (tile: Raster<3>) => {
      const count = (tiles.get(entry.name) ?? 0) + 1;
      tiles.set(entry.name, count);
      if (planned.kind === 'always') throw new TileFailure(planned.reason, 'made to fail always');
      if (planned.kind === 'tile' && planned.at === count)
        throw new TileFailure(planned.reason, 'made to fail once');
      if (planned.kind === 'memory' && Math.max(tile.width, tile.height) > planned.limitPx)
        throw new TileFailure('out_of_memory', 'made too large');
      return model.run(tile);
    };
    /** As from threads: it ends after others that were begun later. */
    const runInWorker = async (tile: Raster<3>) => {
      for (let round = (tile.data[0] ?? 0) % 7; round > 0; round -= 1)
        await new Promise((resolve) => setImmediate(resolve));
      return { upscaled: await run(tile), ms: 1 };
    };
    return { entry: model.entry, provider, release: () => model.release(), run, runInWorker };
  };
}

/** Models so slow that as many tiles are computed at once. */
function slow(tileWorkers: number): (key: Rig['key']) => CostModel {
  return (key) => {
    const learnt = NAMES.map((name) => ({
      model: key(name),
      provider: 'cpu' as const,
      microsecondsPerPixel: 1000,
    }));
    return new CostModel(
      { candidates: learnt, work: {} },
      { tileSizePx: Infinity, tileWorkers: tileWorkers },
    );
  };
}

describe('a hundred random fault schedules', () => {
  let folder: string;
  const sources: { path: string; pixels: Buffer; width: number; height: number }[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-faults-'));
    // Each pixel of each picture has its own red and green.
    for (const [index, [width, height]] of (
      [
        [97, 61],
        [70, 83],
      ] as const
    ).entries()) {
      const pixels = Buffer.alloc(width * height * 3);
      for (let i = 0; i < width * height; i++) {
        pixels[i * 3] = (i * 7 + index * 101) % 256;
        pixels[i * 3 + 1] = (Math.floor(i / 5) + index * 77) % 256;
        pixels[i * 3 + 2] = 255;
      }
      const path = join(folder, `source-${index}.png`);
      await sharp(pixels, { raw: { width, height, channels: 3 } })
        .png()
        .toFile(path);
      sources.push({ path, pixels, width, height });
    }
  });
  after(() => rm(folder, { recursive: true }));

  async function jobFor(index: number, name: string): Promise<UpscaleTask> {
    const source = sources[index];
    assert.ok(source);
    const workFolder = join(folder, name);
    await mkdir(workFolder);
    return {
      id: name,
      sourcePath: source.path,
      workFolder,
      resultPath: join(workFolder, 'result'),
      header: {
        format: 'png',
        width: source.width,
        height: source.height,
        hasAlpha: false,
        sixteenBit: false,
        pages: 1,
      },
      options: {
        scale: 4,
        format: 'png',
        accept: [],
        quality: 95,
        tileSizePx: 64,
        tileOverlapPx: 8,
        background: [255, 255, 255],
        metadata: 'strip',
        fallback: true,
        timeoutSeconds: 600,
      },
      deadlineAtMs: monotonicMs() + 600_000,
      excludedCandidates: [],
      earlierAttempts: [],
    };
  }

  /** As the supervisor does: a lost candidate costs the engine, and the job runs again without the candidate. */
  async function toTheEnd(
    job: UpscaleTask,
    engine: () => Promise<Rig>,
    scheduler: FairTileScheduler,
  ): Promise<{ result: UpscaleResult; losses: number }> {
    for (let losses = 0; ; losses++) {
      const { chain } = await engine();
      const limits = { maxInputPixels: 1e6, maxOutputPixels: 1e7, maxAvifPixels: 1e6 };
      try {
        const hooks = {
          signal: new AbortController().signal,
          onProgress: () => undefined,
          onAttempt: () => undefined,
        };
        return {
          result: await upscale(job, { chain, scheduler, limits, threads: 1, costs: noOverhead }, hooks),
          losses,
        };
      } catch (error) {
        if (!(error instanceof DeviceLost) || losses > NAMES.length) throw error;
        job = {
          ...job,
          excludedCandidates: [...job.excludedCandidates, error.candidate],
          earlierAttempts: error.attempts,
        };
      }
    }
  }

  async function assertTrue(index: number, job: UpscaleTask, result: UpscaleResult): Promise<void> {
    const source = sources[index];
    assert.ok(source);
    assert.deepEqual([result.width, result.height], [source.width * 4, source.height * 4]);
    const { data, info } = await sharp(job.resultPath).raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, info.channels], [result.width, result.height, 3]);
    assert.deepEqual((await readdir(job.workFolder)).sort(), ['result']);
    assert.equal(result.attempts.at(-1)?.model, result.model);
    assert.equal(result.attempts.at(-1)?.outcome, 'served');
    assert.equal(result.attempts.filter((attempt) => attempt.outcome === 'served').length, 1);
    assert.equal(result.fallback, result.model !== 'quick');
    for (const { model, outcome, tileSizePx } of result.attempts) {
      // One that failed its first tiles, before the image, was given none of it.
      const mayLack = model === 'lanczos' || outcome !== 'served';
      const isRight = tileSizePx === undefined ? mayLack : tileSizePx > 0 && tileSizePx <= 64;
      assert.ok(isRight, `${model} ${outcome} with tiles of ${tileSizePx}`);
    }
    if (result.model === 'lanczos') {
      const likeness = downscaledLikeness(
        { data, ...info, channels: 3 },
        { ...source, data: source.pixels, channels: 3 },
      );
      assert.ok(likeness > 25, `the picture resampled: ${likeness} dB`);
      return;
    }
    const { model } = result;
    const twin = result.attempts.some(
      (attempt) => attempt.model === model && attempt.reason === 'invalid_output',
    )
      ? TWINS[model]
      : undefined;
    const signatures = new Set([SIGNATURES[model], twin === undefined ? undefined : SIGNATURES[twin]]);
    for (let y = 0; y < info.height; y++)
      for (let x = 0; x < info.width; x++) {
        const at = (y * info.width + x) * 3;
        const from = ((y >> 2) * source.width + (x >> 2)) * 3;
        const right = data[at] === source.pixels[from] && data[at + 1] === source.pixels[from + 1];
        if (!right) assert.fail(`pixel ${x},${y} is not that of the source`);
        const seam = twin !== undefined;
        if (!signatures.has(data[at + 2]) && !seam)
          assert.fail(`pixel ${x},${y} was computed by another model (${data[at + 2]}) than ${model}`);
      }
  }

  test('always a right-sized image, true provenance, and no pixel of another tile or image', async () => {
    let run = 0;
    const served = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.record({ quick: fault, exact: fault, double: fault, last: fault }),
        fc.integer({ min: 1, max: 3 }),
        async (schedule, tileWorkers) => {
          run += 1;
          const engines: Rig[] = [];
          const open = failing(schedule);
          const engine = async (): Promise<Rig> => {
            const rig = await chainRig(MODELS, { open, costs: slow(tileWorkers) });
            engines.push(rig);
            return rig;
          };
          try {
            // Two images share the first engine; each takes a new one when a device is lost under it.
            const shared = await engine();
            const scheduler = new FairTileScheduler();
            const jobs = await Promise.all([0, 1].map((index) => jobFor(index, `run-${run}-${index}`)));
            await Promise.all(
              jobs.map(async (job, index) => {
                let first = true;
                const next = async (): Promise<Rig> => {
                  if (!first) return engine();
                  first = false;
                  return shared;
                };
                const { result } = await toTheEnd(job, next, scheduler);
                served.set(result.model, (served.get(result.model) ?? 0) + 1);
                await assertTrue(index, job, result);
                await rm(job.workFolder, { recursive: true });
              }),
            );
          } finally {
            for (const rig of engines) await rig.close();
          }
        },
      ),
      { numRuns: 100 },
    );
    for (const model of ['quick', 'double', 'last', 'lanczos'])
      assert.ok((served.get(model) ?? 0) > 0, `${model} served in some run`);
  });
});
