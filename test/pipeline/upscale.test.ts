import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { TesseraError } from '../../src/domain/errors.js';
import type { UpscaleOptions } from '../../src/domain/types.js';
import { monotonicMs } from '../../src/host/clock.js';
import type { LoadedModel } from '../../src/models/onnx/session.js';
import { TileFailure, type TileModel } from '../../src/models/tile-model.js';
import { encode } from '../../src/pipeline/output/encode.js';
import { Canvas } from '../../src/pipeline/raster/canvas.js';
import { upscale } from '../../src/pipeline/upscale.js';
import {
  defaults,
  freeScheduler,
  GivenChain,
  largestDifference,
  limits,
  networkCandidate,
  noOverhead,
  openEmbedded,
  upscaled,
} from './stage.js';

describe('upscale', () => {
  let folder = '';
  let embedded: LoadedModel;
  let source = '';
  let translucent = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-upscale-'));
    embedded = await openEmbedded();
    source = join(folder, 'opaque.png');
    const noise = { type: 'gaussian', mean: 120, sigma: 40 } as const;
    await sharp({ create: { width: 90, height: 70, channels: 3, background: '#888', noise } }).toFile(source);
    translucent = join(folder, 'translucent.png');
    await sharp({ create: { width: 90, height: 70, channels: 4, background: '#c846' } })
      .composite([{ input: { create: { width: 40, height: 30, channels: 4, background: '#fff' } } }])
      .toFile(translucent);
  });
  after(async () => {
    await embedded.release();
    await rm(folder, { recursive: true });
  });

  /** A model that fails from its n-th tile on. */
  function failing(reason: TileFailure['reason'], fromRun: number): TileModel {
    let runs = 0;
    return {
      entry: embedded.entry,
      provider: embedded.provider,
      run: (tile) => {
        runs += 1;
        if (runs >= fromRun) throw new TileFailure(reason, 'made for the test');
        return embedded.run(tile);
      },
    };
  }

  it('falls to the next candidate in the middle of an image, and leaves nothing of the first', async () => {
    for (const [path, format] of [
      [source, 'jpeg'],
      [source, 'png'],
      [translucent, 'png'],
    ] as const) {
      const chain = new GivenChain(() => [
        networkCandidate(failing('runtime_error', 2), { tileSizePx: 64 }),
        { kind: 'lanczos' },
      ]);
      await upscaled(path, { format, scale: 4 }, { chain }, async ({ result, resultPath, left }) => {
        assert.deepEqual(
          [result.model, result.fallback, result.width, result.height],
          ['lanczos', true, 360, 280],
        );
        assert.equal(result.provider, undefined);
        assert.deepEqual(left, []);
        assert.equal((await sharp(resultPath).metadata()).width, 360);
      });
    }
  });

  it('gives x4 from an x2 model in two passes, alpha included', async () => {
    const double: TileModel = {
      entry: { ...embedded.entry, scale: 2 },
      provider: 'cpu',
      run: async ({ data, width, height }) => {
        const larger = await sharp(data, { raw: { width, height, channels: 3 } })
          .resize(width * 2, height * 2, { kernel: 'nearest' })
          .raw()
          .toBuffer();
        return { data: new Uint8Array(larger), width: width * 2, height: height * 2, channels: 3 };
      },
    };
    const chain = new GivenChain(() => [networkCandidate(double, { passes: 2, tileSizePx: 64 })]);
    for (const path of [source, translucent])
      await upscaled(
        path,
        { format: 'png', scale: 4 },
        { chain },
        async ({ result, resultPath, progress }) => {
          assert.deepEqual([result.width, result.height], [360, 280]);
          const [actual, expected] = await Promise.all([
            sharp(resultPath).raw().toBuffer(),
            sharp(path).resize(360, 280, { kernel: 'nearest' }).raw().toBuffer(),
          ]);
          // sharp multiplies by alpha to resize, and divides again: that costs it a level or two.
          assert.ok(largestDifference(actual, expected) <= (path === source ? 0 : 2));
          const tiles = progress.filter(({ stage }) => stage === 'infer');
          const counts = [...new Set(tiles.map(({ tilesDone }) => tilesDone))];
          assert.deepEqual(counts, [...counts.keys()]);
          assert.equal(tiles.at(-1)?.tilesDone, tiles.at(-1)?.tilesTotal);
        },
      );
  });

  it('reports stages in order, tiles up to the total, and where the time went', async () => {
    const chain = new GivenChain(() => [networkCandidate(embedded, { tileSizePx: 80 })]);
    await upscaled(source, { format: 'webp' }, { chain }, async ({ result, progress }) => {
      const stages = progress.map(({ stage }) => stage);
      assert.deepEqual([...new Set(stages)], ['decode', 'infer', 'encode']);
      const last = progress.filter(({ stage }) => stage === 'infer').at(-1);
      assert.deepEqual(
        [last?.tilesDone, last?.secondsLeft, last?.model],
        [last?.tilesTotal, 0, embedded.entry.name],
      );
      const { decodeMs, inferMs, blendMs, encodeMs, turnWaitMs } = result.timings;
      assert.ok(decodeMs > 0 && inferMs > 0 && blendMs > 0 && encodeMs > 0 && turnWaitMs >= 0);
    });
  });

  it('reports plain resampling by name, with its rows, those of alpha too', async () => {
    const chain = new GivenChain(() => [{ kind: 'lanczos' }]);
    for (const [path, rows] of [
      [source, 70],
      [translucent, 140],
    ] as const)
      await upscaled(path, { format: 'png' }, { chain }, async ({ progress }) => {
        assert.deepEqual([...new Set(progress.map(({ stage }) => stage))], ['decode', 'resample', 'encode']);
        const told = progress.filter(({ stage }) => stage === 'resample');
        assert.ok(told.every(({ model, rowsTotal }) => model === 'lanczos' && rowsTotal === rows));
        assert.deepEqual([told[0]?.rowsDone, told.at(-1)?.rowsDone], [0, rows]);
      });
  });

  it('reports the time that writing takes where results of before tell it', async () => {
    const chain = new GivenChain(() => [{ kind: 'lanczos' }]);
    const costs = { ...noOverhead, encodingMs: (_format: string, pixels: number) => pixels };
    await upscaled(source, { format: 'png', scale: 2 }, { chain, costs }, async ({ progress }) => {
      const { secondsLeft = 0 } = progress.find(({ stage }) => stage === 'encode') ?? {};
      assert.ok(secondsLeft > 0 && secondsLeft <= (180 * 140) / 1000);
    });
  });

  it('asks the chain for what the image is and what the caller wants', async () => {
    const chain = new GivenChain(() => [{ kind: 'lanczos' }], 3);
    await upscaled(translucent, { tileSizePx: 200, fallback: false }, { chain }, async ({ result }) => {
      assert.deepEqual([result.width, result.scale], [270, 3]);
    });
    const [request] = chain.requests;
    assert.deepEqual(
      [
        request?.width,
        request?.height,
        request?.scale,
        request?.tileSizePx,
        request?.fallback,
        request?.sixteenBit,
      ],
      [90, 70, 3, 200, false, false],
    );
  });

  async function failure(
    options: Partial<UpscaleOptions>,
    changes: { deadlineAtMs?: number; resultPath?: string; signal?: AbortSignal },
  ) {
    const workFolder = await mkdtemp(join(folder, 'work-'));
    const chain = new GivenChain(() => [networkCandidate(embedded, { tileSizePx: 64 })]);
    const header = {
      format: 'png',
      width: 90,
      height: 70,
      hasAlpha: false,
      sixteenBit: false,
      pages: 1,
    } as const;
    const task = {
      id: 'job',
      sourcePath: source,
      resultPath: changes.resultPath ?? join(workFolder, 'result'),
      workFolder,
      header,
      options: { ...defaults, ...options },
      deadlineAtMs: changes.deadlineAtMs ?? monotonicMs() + 60_000,
      excludedCandidates: [],
      earlierAttempts: [],
    };
    const signal = changes.signal ?? new AbortController().signal;
    let error: unknown;
    try {
      await upscale(
        task,
        { chain, scheduler: freeScheduler, limits, threads: 2, costs: noOverhead },
        { signal, onProgress: () => {}, onAttempt: () => {} },
      );
    } catch (thrown) {
      error = thrown;
    }
    assert.ok(error instanceof TesseraError, String(error));
    assert.deepEqual(
      (await readdir(workFolder)).filter((name) => name.endsWith('.v')),
      [],
    );
    return error.code;
  }

  it('says that the disk is full, whoever notices it', async () => {
    // Every write to this device fails as on a full disk.
    for (const [format, scale] of [
      ['jpeg', 4],
      ['jpeg', 2],
      ['png', 4],
      ['webp', 4],
      ['tiff', 4],
      ['avif', 4],
    ] as const)
      assert.equal(await failure({ format, scale }, { resultPath: '/dev/full' }), 'disk_full', format);
  });

  it('does not begin what is cancelled or late', async () => {
    assert.equal(await failure({}, { deadlineAtMs: monotonicMs() - 1 }), 'deadline_exceeded');
    assert.equal(
      await failure({}, { signal: AbortSignal.abort(new TesseraError('cancelled', 'Gone.')) }),
      'cancelled',
    );
  });

  it('stops an encoder at the deadline', async () => {
    // 400 megapixels without a byte on disk: PNG takes several seconds even for nothing.
    const side = 20_000;
    const path = join(folder, 'empty.v');
    const canvas = await Canvas.create(path, { width: side, height: side, grey: false, sixteenBit: false });
    await canvas.complete({});
    await canvas.close();
    const resultPath = join(folder, 'stopped.png');
    const size = { width: side, height: side };
    await assert.rejects(
      encode({
        canvasPath: path,
        grey: false,
        sixteenBit: false,
        transparent: false,
        profiled: false,
        from: size,
        to: size,
        format: 'png',
        quality: 95,
        background: [0, 0, 0],
        resultPath,
        timeoutSeconds: 1,
      }),
      /timeout/,
    );
    await rm(path);
    // On a slow machine the time is over before the file is begun.
    await rm(resultPath, { force: true });
  });

  it('calls an image corrupt whose pixels are missing', async () => {
    const broken = join(folder, 'broken.png');
    const whole = await sharp(source).png().toBuffer();
    await writeFile(broken, whole.subarray(0, whole.length / 2));
    const chain = new GivenChain(() => [networkCandidate(embedded)]);
    await assert.rejects(
      upscaled(broken, {}, { chain }, async () => {}),
      (error) => error instanceof TesseraError && error.code === 'corrupt_image',
    );
  });
});
