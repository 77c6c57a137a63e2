import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import { CostModel } from '../../src/cost/cost-model.js';
import type { UpscaleOptions } from '../../src/domain/types.js';
import { FairTileScheduler } from '../../src/engine/worker/tile-scheduler.js';
import { monotonicMs } from '../../src/host/clock.js';
import { openModel } from '../../src/models/onnx/session.js';
import { TileFailure } from '../../src/models/tile-model.js';
import { dryRun } from '../../src/pipeline/dry-run.js';
import { readHeader } from '../../src/pipeline/input/header.js';
import { restrictLoaders } from '../../src/pipeline/input/loaders.js';
import { upscale } from '../../src/pipeline/upscale.js';
import { nearestNetwork, swin2srContractNetwork } from '../onnx-writer/test-models.js';
import { noOverhead } from '../pipeline/stage.js';
import { OPTIONS } from '../upscale-options.js';
import { chainRig, type Rig, type RigModel } from './chain-rig.js';

// As every process of the service does first; without it libvips' cache would return the file that a test replaced.
restrictLoaders(1);

const limits = { maxInputPixels: 1e6, maxOutputPixels: 1e7, maxAvifPixels: 1e6 };
const WORKERS = 3;

const [width, height] = [90, 70];

/** Samples as they are in the file, 8 or 16 bits. */
async function decoded(path: string): Promise<Uint16Array> {
  const image = sharp(path, { ignoreIcc: true });
  const deep = (await image.metadata()).depth === 'ushort';
  const raw = await (deep ? image.toColourspace('rgb16') : image).raw({ depth: 'ushort' }).toBuffer();
  return new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2);
}

/** Where the sample of an enlarged picture is in its source. */
function sourceIndex(at: number, scale: number, channels: number): number {
  const pixel = Math.floor(at / channels);
  const x = Math.floor((pixel % (width * scale)) / scale);
  const y = Math.floor(pixel / (width * scale) / scale);
  return (y * width + x) * channels + (at % channels);
}

describe('pictures computed in tile workers', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-tile workers-pictures-'));
    const samples = (channels: number) =>
      Buffer.from(Array.from({ length: width * height * channels }, (_, at) => 128 + ((at * 37) % 128)));
    for (const [name, channels] of [
      ['opaque.png', 3],
      ['alpha.png', 4],
    ] as const)
      await sharp(samples(channels), { raw: { width, height, channels } }).png().toFile(join(folder, name));
    const deep = Uint16Array.from({ length: width * height * 3 }, (_, at) => (at * 7919) % 65_536);
    await sharp(deep, { raw: { width, height, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toFile(join(folder, 'deep.png'));
  });
  after(() => rm(folder, { recursive: true }));

  /** Upscales by models that count as slow. @returns the result, the pixels, and how many tiles went to tile workers. */
  async function inWorkers(
    models: readonly RigModel[],
    picture: string,
    options: Partial<UpscaleOptions>,
    badTile?: number,
  ) {
    const learnt = (key: Rig['key']) =>
      models.map(({ name }) => ({
        model: key(name),
        provider: 'cpu' as const,
        microsecondsPerPixel: 1000,
      }));
    let tilesInWorkers = 0;
    const { chain, close } = await chainRig(models, {
      costs: (key) =>
        new CostModel({ candidates: learnt(key), work: {} }, { tileSizePx: Infinity, tileWorkers: WORKERS }),
      open: async (...request) => {
        const model = await openModel(...request);
        return {
          entry: model.entry,
          provider: model.provider,
          run: (tile) => model.run(tile),
          release: () => model.release(),
          runInWorker: (tile) => {
            tilesInWorkers += 1;
            if (tilesInWorkers === badTile)
              return Promise.reject(new TileFailure('invalid_output', 'not a number'));
            return model.runInWorker?.(tile) ?? Promise.reject(new Error('no tile workers'));
          },
        };
      },
    });
    const workFolder = join(folder, 'work');
    await mkdir(workFolder);
    try {
      const sourcePath = join(folder, picture);
      const header = await readHeader(sourcePath, limits);
      const task = {
        id: 'job',
        sourcePath,
        workFolder,
        resultPath: join(workFolder, 'result'),
        header,
        options: {
          ...OPTIONS,
          format: 'png' as const,
          tileSizePx: 40,
          tileOverlapPx: 8,
          timeoutSeconds: 3600,
          ...options,
        },
        deadlineAtMs: monotonicMs() + 3_600_000,
        excludedCandidates: [],
        earlierAttempts: [],
      };
      const plan = await dryRun(task, chain, limits, noOverhead);
      const services = { chain, scheduler: new FairTileScheduler(), limits, threads: 1, costs: noOverhead };
      const hooks = {
        signal: new AbortController().signal,
        onProgress: () => {},
        onAttempt: () => {},
      };
      const result = await upscale(task, services, hooks);
      assert.deepEqual(await readdir(workFolder), ['result']);
      const [pixels, source] = await Promise.all([decoded(task.resultPath), decoded(sourcePath)]);
      const expected = pixels.map(
        (_, at) => source[sourceIndex(at, result.scale, header.hasAlpha ? 4 : 3)] ?? 0,
      );
      return { plan, result, tilesInWorkers, pixels, expected };
    } finally {
      await rm(workFolder, { recursive: true });
      await close();
    }
  }

  const networks = {
    'half precision': { network: nearestNetwork({ type: 'float16' }) },
    '8 bits, rows of pixels': { network: nearestNetwork({ type: 'uint8', layout: 'nhwc' }) },
    'one fixed size': {
      network: nearestNetwork({ fixed: [32, 24] }),
      changes: { sizeRequirements: { minimum: 1, multipleOf: 1, fixed: [32, 24] as const } },
    },
    'multiples of 8': { network: swin2srContractNetwork() },
  };
  for (const [name, model] of Object.entries(networks))
    test(`by a model of ${name}: every pixel is in its place, in as many tiles as planned`, async () => {
      const { plan, result, tilesInWorkers, pixels, expected } = await inWorkers(
        [{ name: 'only', ...model }],
        'opaque.png',
        { scale: 2 },
      );
      assert.deepEqual(pixels, expected);
      assert.equal(result.model, 'only');
      assert.equal(result.tiles, plan.tiles);
      assert.equal(tilesInWorkers, result.tiles);
    });

  const nearest = [{ name: 'only', network: nearestNetwork() }];
  test('with alpha', async () => {
    const { result, tilesInWorkers, pixels, expected } = await inWorkers(nearest, 'alpha.png', { scale: 2 });
    assert.deepEqual(pixels, expected);
    assert.equal(tilesInWorkers, result.tiles);
  });

  test('with 16 bits', async () => {
    const { result, tilesInWorkers, pixels, expected } = await inWorkers(nearest, 'deep.png', { scale: 2 });
    assert.deepEqual(pixels, expected);
    assert.equal(tilesInWorkers, result.tiles);
  });

  test('in two passes', async () => {
    const { plan, result, tilesInWorkers, pixels, expected } = await inWorkers(nearest, 'opaque.png', {
      scale: 4,
    });
    assert.deepEqual(pixels, expected);
    assert.equal(result.tiles, plan.tiles);
    assert.equal(tilesInWorkers, result.tiles);
  });

  test('by the workers of the float twin when an answer contains NaN', async () => {
    const models = [
      {
        name: 'quick',
        network: nearestNetwork({ type: 'uint8', layout: 'nhwc' }),
        changes: { floatTwin: 'twin' },
      },
      { name: 'twin', network: nearestNetwork(), aside: true },
    ];
    const { result, tilesInWorkers, pixels, expected } = await inWorkers(
      models,
      'opaque.png',
      { scale: 2 },
      3,
    );
    assert.deepEqual(pixels, expected);
    assert.deepEqual(
      result.attempts.map(({ model, outcome, reason }) => [model, outcome, reason]),
      [
        ['quick', 'failed', 'invalid_output'],
        ['quick', 'served', undefined],
      ],
    );
    assert.equal(tilesInWorkers, result.tiles + 1);
  });
});
