import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { loadManifest } from '../../src/models/manifest.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import { type LoadedModel, openModel } from '../../src/models/onnx/session.js';
import { NoTileWorker, TileWorkers } from '../../src/models/onnx/tile-workers.js';
import { TileFailure } from '../../src/models/tile-model.js';
import type { Raster } from '../../src/tiling/raster.js';
import { install, memoryEaterNetwork, nanNetwork, nearestNetwork } from '../onnx-writer/test-models.js';
import { psnr } from '../quality/likeness.js';
import { SHIPPED_MODELS, SHIPPED_NAMES } from './shipped-models.js';
import { gradientTile, repeated } from './tiles.js';

/** What keeps this process alive and runs beside it. */
const threads = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;

describe('tiles in tile workers', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-tile workers-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function withModel(
    entry: ModelEntry,
    from: string,
    use: (model: LoadedModel, inWorker: (tile: Raster<3>) => Promise<Raster<3>>) => Promise<void>,
  ): Promise<void> {
    const model = await openModel(entry, from, 'cpu', { threads: 2 });
    try {
      await use(model, async (tile) => {
        assert.ok(model.runInWorker);
        const { ms, upscaled } = await model.runInWorker(tile);
        assert.ok(ms >= 0);
        return upscaled;
      });
    } finally {
      await model.release();
    }
  }

  for (const name of SHIPPED_NAMES)
    test(`${name}: equal tiles that are computed alone`, async () => {
      const entry = (await loadManifest(SHIPPED_MODELS)).find((each) => each.name === name);
      assert.ok(entry);
      await withModel(entry, SHIPPED_MODELS, async (model, inWorker) => {
        const tiles = [0, 1, 2, 3, 4].map((seed) => gradientTile(40 + seed, 30, Uint8Array, seed * 31));
        const beside = await Promise.all(tiles.map(inWorker));
        for (const [index, tile] of tiles.entries()) {
          const alone = await model.run(tile);
          const answer = beside[index];
          assert.ok(answer);
          assert.deepEqual([answer.width, answer.height], [alone.width, alone.height]);
          assert.ok(psnr(answer.data, alone.data) > 70, `${psnr(answer.data, alone.data)} dB`);
        }
      });
    });

  test('keep 16 bits, and do not change the tile', async () => {
    const entry = await install(folder, 'nearest', nearestNetwork({ type: 'float32' }));
    await withModel(entry, folder, async (_, inWorker) => {
      const tile = gradientTile(9, 7, Uint16Array);
      const answer = await inWorker(tile);
      assert.deepEqual(answer, repeated(tile, 2));
      assert.deepEqual(tile, gradientTile(9, 7, Uint16Array));
    });
  });

  test('do not block the event loop', async () => {
    const entry = await install(folder, 'free', nearestNetwork({ type: 'float32' }));
    await withModel(entry, folder, async (_, inWorker) => {
      await inWorker(gradientTile(8, 8, Uint8Array));
      let rounds = 0;
      let over = false;
      const count = () => {
        rounds += 1;
        if (!over) setImmediate(count);
      };
      count();
      await inWorker(gradientTile(900, 900, Uint8Array));
      over = true;
      assert.ok(rounds > 10, `${rounds} rounds of the event loop`);
    });
  });

  test('fail like tiles computed alone, and the next tiles work', async () => {
    const isBad = (reason: string) => (error: unknown) =>
      error instanceof TileFailure && error.reason === reason;
    const nan = await install(folder, 'nan', nanNetwork());
    await withModel(nan, folder, async (_, inWorker) => {
      await assert.rejects(inWorker(gradientTile(8, 8, Uint8Array)), isBad('invalid_output'));
      await assert.rejects(inWorker(gradientTile(8, 8, Uint8Array)), isBad('invalid_output'));
    });
    const eater = await install(folder, 'eater', memoryEaterNetwork(2 ** 40));
    await withModel(eater, folder, async (_, inWorker) => {
      await assert.rejects(inWorker(gradientTile(8, 8, Uint8Array)), isBad('out_of_memory'));
    });
  });

  test('are computed by the main thread when a worker cannot load the model', async () => {
    const entry = await install(folder, 'gone', nearestNetwork({ type: 'float32' }));
    await withModel(entry, folder, async (_, inWorker) => {
      await rm(join(folder, entry.file));
      const tile = gradientTile(9, 7, Uint8Array);
      for (let again = 0; again < 2; again++) assert.deepEqual(await inWorker(tile), repeated(tile, 2));
    });
  });

  /** A thread in the place of a tile worker's, which runs `onTile` for each tile. */
  const acting = (onTile: string) => () =>
    new Worker(
      `const { parentPort: port } = require('node:worker_threads');
      let tiles = 0;
      port.on('message', (message) => { if ('close' in message) port.close(); else { tiles += 1; ${onTile} } });`,
      { eval: true },
    );
  const ANSWER = 'port.postMessage({ result: { upscaled: message.tile, ms: 1 } });';
  const tile = gradientTile(9, 7, Uint8Array);

  async function withWorkers(
    starts: readonly (() => Worker)[],
    use: (tileWorkers: TileWorkers) => Promise<void>,
  ) {
    const entry = await install(folder, 'acted', nearestNetwork({ type: 'float32' }));
    let started = 0;
    const tileWorkers = new TileWorkers({ entry, modelsFolder: folder }, () => {
      const start = starts[started++];
      assert.ok(start, 'no more threads are made');
      return start();
    });
    try {
      await use(tileWorkers);
    } finally {
      await tileWorkers.close();
    }
  }

  test('continue in the existing workers when no thread can be made', async () => {
    const refused = () => {
      throw Object.assign(new Error('Worker initialization failure: EAGAIN'), {
        code: 'ERR_WORKER_INIT_FAILED',
      });
    };
    await withWorkers([acting(ANSWER), refused], async (tileWorkers) => {
      const first = tileWorkers.run(tile);
      await assert.rejects(tileWorkers.run(tile), NoTileWorker);
      await assert.rejects(tileWorkers.run(tile), NoTileWorker);
      await first;
      assert.deepEqual((await tileWorkers.run(tile)).upscaled.data, tile.data);
    });
  });

  test('continue in the other workers when one dies during a tile', async () => {
    await withWorkers([acting('process.exit(1);'), acting(ANSWER)], async (tileWorkers) => {
      const [died, answered] = await Promise.allSettled([tileWorkers.run(tile), tileWorkers.run(tile)]);
      assert.ok(died.status === 'rejected' && died.reason instanceof NoTileWorker);
      assert.equal(answered.status, 'fulfilled');
      await Promise.all([tileWorkers.run(tile), assert.rejects(tileWorkers.run(tile), NoTileWorker)]);
    });
    await withWorkers([acting("throw new Error('out of memory');")], async (tileWorkers) => {
      await assert.rejects(
        tileWorkers.run(tile),
        (error) => error instanceof NoTileWorker && /memory/.test(error.message),
      );
    });
  });

  test('do not wait for a worker that died after its tile', async () => {
    const failing = acting(`${ANSWER} setImmediate(() => { throw new Error('late'); });`);
    let thread: Worker | undefined;
    const start = () => {
      thread = failing();
      return thread;
    };
    await withWorkers([start], async (tileWorkers) => {
      // On a busy machine the news of the death may come with the answer.
      await tileWorkers.run(tile).catch((error: unknown) => assert.ok(error instanceof NoTileWorker));
      thread?.ref();
      if (thread?.threadId !== -1) await new Promise((resolve) => thread?.once('exit', resolve));
      await assert.rejects(tileWorkers.run(tile), NoTileWorker);
    });
  });

  test('end with their model', async () => {
    const entry = await install(folder, 'ending', nearestNetwork({ type: 'float32' }));
    const earlier = threads();
    await withModel(entry, folder, async (_, inWorker) => {
      await Promise.all([0, 1, 2].map(() => inWorker(gradientTile(8, 8, Uint8Array))));
    });
    assert.equal(threads(), earlier);
  });
});
