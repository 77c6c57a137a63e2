import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { CostModel } from '../../src/cost/cost-model.js';
import { TesseraError } from '../../src/domain/errors.js';
import type { UpscaleResult } from '../../src/domain/types.js';
import { FairTileScheduler } from '../../src/engine/worker/tile-scheduler.js';
import { monotonicMs } from '../../src/host/clock.js';
import type { Pace } from '../../src/models/fallback/loaded-candidate.js';
import { LeftForTime, watchTime } from '../../src/models/fallback/time-watch.js';
import { openModel } from '../../src/models/onnx/session.js';
import { TileFailure } from '../../src/models/tile-model.js';
import { readHeader } from '../../src/pipeline/input/header.js';
import { upscale } from '../../src/pipeline/upscale.js';
import { noOverhead } from '../pipeline/stage.js';
import { OPTIONS } from '../upscale-options.js';
import { chainRequest, chainRig, type Rig } from './chain-rig.js';
import { GOOD, rigOf, short } from './chain-serving.js';

const SECOND = 1000;

describe('the watch over the time of a network at work', () => {
  /** With 100 s left; Lanczos needs 10 s of them. @param fasterSpeed microseconds per pixel of a lesser network; none without it. */
  async function watch(fasterSpeed?: number): Promise<(pace: Partial<Pace>) => boolean> {
    const { entries, costs, key } = await rigOf([
      { name: 'slow', network: GOOD },
      { name: 'faster', network: GOOD },
    ]);
    const [slow, faster] = entries.map((entry) => ({
      kind: 'network' as const,
      entry,
      asked: entry,
      provider: 'cpu' as const,
    }));
    assert.ok(slow !== undefined && faster !== undefined);
    costs.recordSpeed(key('slow'), 'cpu', 1e6, SECOND);
    if (fasterSpeed !== undefined) costs.recordSpeed(key('faster'), 'cpu', 1e6, fasterSpeed * SECOND);
    const lesser = fasterSpeed === undefined ? [] : [faster];
    const request = chainRequest({
      deadlineAtMs: monotonicMs() + 100 * SECOND,
      finishing: { networkMs: 0, lanczosMs: 10 * SECOND },
    });
    const { checkPace } = watchTime(slow, request, { costs, share: { delay: () => 0 }, lesser });
    const plain = { microsecondsPerPixel: 1, remainingMs: 0, tileMs: SECOND, stopMs: 0 };
    return (pace) => {
      try {
        checkPace({ ...plain, ...pace });
        return true;
      } catch (thrown) {
        assert.ok(thrown instanceof LeftForTime);
        return false;
      }
    };
  }

  it('lets it go on as long as it will be done in time', async () => {
    const stays = await watch();
    for (let tile = 0; tile < 5; tile++) assert.ok(stays({ remainingMs: 80 * SECOND, tileMs: 20 * SECOND }));
  });

  it('ends it at once where it would clearly be late, but not for its first tile', async () => {
    const stays = await watch();
    assert.ok(stays({ remainingMs: 500 * SECOND }));
    assert.equal(stays({ remainingMs: 500 * SECOND }), false);
  });

  it('otherwise ends it when the next tile would leave too little for the lesser candidate, and no sooner', async () => {
    const stays = await watch();
    for (let tile = 0; tile < 5; tile++) assert.ok(stays({ remainingMs: 120 * SECOND, tileMs: 60 * SECOND }));
    assert.equal(stays({ remainingMs: 120 * SECOND, tileMs: 95 * SECOND }), false);
  });

  it('keeps the time of a faster network free, where there is one, and more on a busy machine', async () => {
    // About 23 s for the 64×48 image; by the pace of the slow one the machine is as known, and then twice as slow.
    const stays = await watch(4000);
    assert.ok(stays({ remainingMs: 120 * SECOND, tileMs: 40 * SECOND }));
    assert.equal(stays({ remainingMs: 120 * SECOND, tileMs: 80 * SECOND }), false);
    assert.equal(stays({ remainingMs: 120 * SECOND, tileMs: 40 * SECOND, microsecondsPerPixel: 2 }), false);
  });
});

describe('a network that is slower than was known', () => {
  /** Slow enough that several tiles are computed at once. */
  const SPEED_FOR_TILE_WORKERS_US = 5;
  const limits = { maxInputPixels: 1e6, maxOutputPixels: 1e7, maxAvifPixels: 1e6 };
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-time-watch-'));
    const noise = { type: 'gaussian', mean: 128, sigma: 50 } as const;
    await sharp({ create: { width: 200, height: 160, channels: 3, background: '#888', noise } })
      .png()
      .toFile(join(folder, 'source'));
  });
  after(() => rm(folder, { recursive: true }));

  /** By networks of which those called slow take so long for each of some hundred tiles as no estimate knows. */
  async function served(
    names: readonly string[],
    seconds: number,
    { fallback = true, delayMs = 200 } = {},
  ): Promise<UpscaleResult> {
    const learnt = (key: Rig['key']) =>
      names
        .filter((name) => name !== 'faster')
        .map((name) => ({
          model: key(name),
          provider: 'cpu' as const,
          microsecondsPerPixel: name === 'stuck' ? SPEED_FOR_TILE_WORKERS_US : 1,
        }));
    let end = () => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { chain, close } = await chainRig(
      names.map((name) => ({ name, network: GOOD })),
      {
        costs: (key) =>
          new CostModel({ candidates: learnt(key), work: {} }, { tileSizePx: Infinity, tileWorkers: 2 }),
        open: async (...request) => {
          const model = await openModel(...request);
          const waits = model.entry.name.startsWith('slow');
          return {
            entry: model.entry,
            provider: model.provider,
            release: () => model.release(),
            run: async (tile) => {
              if (waits) await delay(delayMs);
              return model.run(tile);
            },
            // Of the one that is stuck, no tile is done before the picture is.
            runInWorker: async () => {
              await over;
              throw new TileFailure('runtime_error', 'It was stuck.');
            },
          };
        },
      },
    );
    const workFolder = await mkdtemp(join(folder, 'work-'));
    const sourcePath = join(folder, 'source');
    const options = { ...OPTIONS, tileSizePx: 32, tileOverlapPx: 8, fallback };
    try {
      return await upscale(
        {
          id: 'job',
          sourcePath,
          workFolder,
          resultPath: join(workFolder, 'result'),
          header: await readHeader(sourcePath, limits),
          options,
          deadlineAtMs: monotonicMs() + seconds * 1000,
          excludedCandidates: [],
          earlierAttempts: [],
        },
        { chain, scheduler: new FairTileScheduler(), limits, threads: 1, costs: noOverhead },
        {
          signal: new AbortController().signal,
          onProgress: () => {},
          onAttempt: () => {},
        },
      );
    } finally {
      end();
      await close();
    }
  }

  it('is left in time for a faster one to serve, and the attempts say so', async () => {
    // Time enough for the faster one on a busy machine too.
    const { model, fallback, attempts } = await served(['slow', 'faster'], 40, { delayMs: 1200 });
    assert.deepEqual([model, fallback], ['faster', true]);
    assert.deepEqual(short(attempts), ['slow cpu failed over_time_budget', 'faster cpu served']);
    assert.match(attempts[0]?.detail ?? '', /^At its pace it needed \d+\.\d s more, and \d+\.\d s were left/);
  });

  it('is left for Lanczos where no network is fast enough', async () => {
    const { model, attempts } = await served(['slow', 'slow-too'], 5);
    assert.equal(model, 'lanczos');
    assert.equal(attempts[0]?.reason, 'over_time_budget');
    assert.equal(attempts.at(-1)?.outcome, 'served');
  });

  it('is left in the middle of a tile, where that is computed in a tile worker, and the processors are left to Lanczos', async () => {
    const { model, attempts, tiles } = await served(['stuck', 'faster'], 4);
    assert.equal(model, 'lanczos');
    assert.deepEqual(short(attempts), [
      'stuck cpu failed over_time_budget',
      'faster cpu skipped over_time_budget',
      'lanczos - served',
    ]);
    assert.match(attempts[0]?.detail ?? '', /^A tile took more than \d\.\d s/);
    assert.equal(tiles, 0);
  });

  it('goes on to the deadline where no other may serve', async () => {
    await assert.rejects(
      served(['slow', 'faster'], 1.5, { fallback: false }),
      (thrown) => thrown instanceof TesseraError && thrown.code === 'deadline_exceeded',
    );
  });
});
