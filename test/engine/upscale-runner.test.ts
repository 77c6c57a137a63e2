import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { atEnd } from '../at-end.js';
import { failsWith } from '../jobs/rig.js';
import { install, steppedMemoryNetwork } from '../onnx-writer/test-models.js';
import { gone } from '../processes.js';
import { distance, realEngine } from './real-engine.js';

const noDevFull = existsSync('/dev/full') ? false : 'there is no /dev/full on this system';
const noAddressLimit =
  process.platform === 'linux' ? false : 'only Linux holds a process to its address space';

describe('the real engine', () => {
  it('upscales by the embedded model and reports it', async (test) => {
    const { supervisor, task, run } = await realEngine(test);
    const one = await task(64, 48);
    const result = await run(one);
    assert.deepEqual(
      [result.width, result.height, result.model, result.provider],
      [256, 192, 'tessera-lite-x4', 'cpu'],
    );
    assert.ok((await distance(one)) < 6);
    assert.ok((result.attempts.at(-1)?.tileSizePx ?? 0) >= 64);
    assert.deepEqual((await readdir(one.workFolder)).sort(), ['result', 'source']);
    const model = supervisor.status().models.find(({ name }) => name === 'tessera-lite-x4');
    assert.equal(model?.loaded, true);
    assert.ok((model?.microsecondsPerPixel.cpu ?? 0) > 0);
    assert.ok((supervisor.status().engines[0]?.rssBytes ?? 0) > 1e7);
  });

  it('gives eight jobs at the same time each its own image', async (test) => {
    const { task, run } = await realEngine(test);
    const tasks = await Promise.all(Array.from({ length: 8 }, (_, index) => task(40 + index, 40, index * 3)));
    await Promise.all(tasks.map((one) => run(one)));
    for (const one of tasks) assert.ok((await distance(one)) < 9, one.id);
  });

  it('is killed in mid-job, and the job is done by the next candidate', async (test) => {
    const { task, run, pid } = await realEngine(test);
    const one = await task(600, 400, 1, { tileSizePx: 64 });
    let killed = false;
    const result = await run(one, ({ tilesDone }) => {
      if (tilesDone < 2 || killed) return;
      killed = true;
      process.kill(pid(), 'SIGKILL');
    });
    assert.deepEqual([result.width, result.height], [2400, 1600]);
    assert.equal(result.fallback, true);
    assert.deepEqual(
      result.attempts
        .filter(({ model }) => model === 'tessera-lite-x4')
        .map(({ outcome, reason }) => [outcome, reason]),
      [['failed', 'out_of_memory']],
    );
    assert.ok((await distance(one)) < 8);
    assert.deepEqual((await readdir(one.workFolder)).sort(), ['result', 'source']);
  });

  it('is killed under one network after the other: Lanczos serves', async (test) => {
    const { task, run, pid } = await realEngine(test, { MODEL_CHAIN: 'tessera-lite-x4,tessera-mini-x4' });
    const one = await task(600, 400, 1, { tileSizePx: 64 });
    const killed = new Set<number>();
    const result = await run(one, ({ model }) => {
      if (model === undefined || model === 'lanczos' || killed.has(pid())) return;
      killed.add(pid());
      process.kill(pid(), 'SIGKILL');
    });
    assert.equal(killed.size, 2);
    assert.deepEqual([result.model, result.fallback], ['lanczos', true]);
    assert.equal(result.attempts.filter(({ reason }) => reason === 'out_of_memory').length, killed.size);
    assert.ok((await distance(one)) < 8);
    const other = await task(64, 64);
    assert.equal((await run(other)).fallback, false);
  });

  it('is killed with three jobs inside, which are all done, by the first candidate', async (test) => {
    const { task, run, pid } = await realEngine(test);
    const tasks = await Promise.all([0, 1, 2].map((index) => task(300, 200, index * 5, { tileSizePx: 64 })));
    const atWork = new Set<string>();
    let killed = false;
    const results = await Promise.all(
      tasks.map((one) =>
        run(one, ({ tilesDone }) => {
          if (tilesDone > 0) atWork.add(one.id);
          if (killed || atWork.size < 3) return;
          killed = true;
          process.kill(pid(), 'SIGKILL');
        }),
      ),
    );
    assert.ok(killed);
    for (const [index, one] of tasks.entries()) {
      assert.deepEqual(
        results[index]?.attempts.map(({ outcome }) => outcome),
        ['served'],
      );
      assert.ok((await distance(one)) < 8, one.id);
    }
  });

  it('is cancelled at the next tile, and leaves no scratch file', async (test) => {
    const { task, run } = await realEngine(test);
    const one = await task(600, 400, 1, { tileSizePx: 64 });
    const abort = new AbortController();
    let after = 0;
    await assert.rejects(
      run(
        one,
        ({ tilesDone }) => {
          if (abort.signal.aborted) after++;
          if (tilesDone === 2) abort.abort();
        },
        abort.signal,
      ),
      failsWith('cancelled'),
    );
    assert.ok(after <= 1, `${after} tiles more`);
    assert.deepEqual(
      (await readdir(one.workFolder)).filter((name) => name !== 'result'),
      ['source'],
    );
  });

  it('finishes a small image while a large one is running', async (test) => {
    const { task, run } = await realEngine(test);
    const abort = new AbortController();
    const large = await task(1200, 900, 1, { tileSizePx: 64 });
    let largeTiles = 0;
    let all = 1;
    let started: () => void = () => {};
    const begun = new Promise<void>((resolve) => {
      started = resolve;
    });
    const running = run(
      large,
      ({ tilesDone, tilesTotal }) => {
        [largeTiles, all] = [tilesDone, tilesTotal];
        if (tilesDone > 0) started();
      },
      abort.signal,
    );
    running.catch(() => {});
    await begun;
    await run(await task(48, 48));
    assert.ok(largeTiles < all / 2, `${largeTiles} of ${all} tiles were done`);
    abort.abort();
    await assert.rejects(running, failsWith('cancelled'));
  });

  it('plans without computing', async (test) => {
    const { supervisor, task, run } = await realEngine(test);
    const one = await task(300, 200, 0, { tileSizePx: 128 });
    const plan = await supervisor.plan(one);
    const result = await run(one);
    assert.deepEqual(
      [plan.width, plan.height, plan.model, plan.provider],
      [1200, 800, result.model, result.provider],
    );
    assert.ok(plan.tiles >= 4);
    assert.ok(plan.estimatedSeconds > 0 && plan.estimatedMemoryBytes > 300 * 200 * 3);
    assert.ok(plan.candidates.some(({ model }) => model === 'lanczos'));
    await assert.rejects(
      supervisor.plan({ ...one, options: { ...one.options, model: 'unknown' } }),
      failsWith('invalid_option'),
    );
  });

  it('counts alpha in its plan as a picture of its own, which it is', async (test) => {
    const { supervisor, task, run } = await realEngine(test);
    const tiled = { tileSizePx: 128 };
    const [opaque, transparent] = [await task(300, 200, 0, tiled), await task(300, 200, 0, tiled, true)];
    const [less, more] = [await supervisor.plan(opaque), await supervisor.plan(transparent)];
    const [without, withAlpha] = [await run(opaque), await run(transparent)];
    assert.equal(withAlpha.tiles, 2 * without.tiles);
    assert.deepEqual([less.tiles, more.tiles], [without.tiles, withAlpha.tiles]);
    const ratio = more.estimatedSeconds / less.estimatedSeconds;
    // Reading and writing are no part of the tiles.
    assert.ok(ratio > 1.4 && ratio < 2.6, `the estimate is ${ratio} times the one of the opaque picture`);
  });

  it('tells a damaged image from its own failures', async (test) => {
    const { task, run } = await realEngine(test);
    const one = await task(64, 64);
    await truncate(one.sourcePath, 60);
    await assert.rejects(run(one), failsWith('corrupt_image'));
  });

  it('tells a full disk, in the canvas and in the result', { skip: noDevFull }, async (test) => {
    const { task, run } = await realEngine(test);
    for (const format of ['jpeg', 'png'] as const) {
      const one = await task(200, 200, 1, { format });
      await symlink('/dev/full', one.resultPath);
      await assert.rejects(run(one), failsWith('disk_full'));
      assert.deepEqual((await readdir(one.workFolder)).sort(), ['result', 'source']);
    }
  });

  it('serves from several processes', async (test) => {
    const { supervisor, task, run } = await realEngine(test, { ENGINES: '2' });
    const tasks = await Promise.all(Array.from({ length: 4 }, (_, index) => task(60, 60, index * 3)));
    await Promise.all(tasks.map((one) => run(one)));
    for (const one of tasks) assert.ok((await distance(one)) < 9, one.id);
    assert.equal(supervisor.status().engines.length, 2);
  });
});

describe('an engine with too little memory', () => {
  /** Its tiles of 144 x 144 need 8 GB, those of half that side little; node and the libraries reserve one or two. */
  async function smallEngine(test: TestContext) {
    const folder = await mkdtemp(join(tmpdir(), 'tessera-small-engine-'));
    atEnd(test, () => rm(folder, { recursive: true }));
    const eater = await install(folder, 'eater', steppedMemoryNetwork());
    await writeFile(join(folder, 'manifest.json'), JSON.stringify({ models: [eater] }));
    const wrapper = join(folder, 'limited-node');
    await writeFile(wrapper, `#!/bin/sh\nulimit -v 4500000\nexec "${process.execPath}" "$@"\n`, {
      mode: 0o755,
    });
    const engine = await realEngine(
      test,
      { MODELS_DIR: folder, MODEL_CHAIN: 'eater' },
      { execPath: wrapper },
    );
    // Slow models get small tiles: its speed is learnt from some that fit, so that a stall in its very first is no matter.
    for (const seed of [0, 1]) await engine.run(await engine.task(260, 124, seed, { tileSizePx: 64 }));
    return engine;
  }

  it('serves an image from smaller tiles, and says so', { skip: noAddressLimit }, async (test) => {
    const { supervisor, task, run } = await smallEngine(test);
    const one = await task(260, 124, 0, { tileSizePx: 144 });
    const result = await run(one);
    assert.equal(result.model, 'eater');
    assert.equal(result.fallback, false);
    const [failed, served] = [result.attempts[0], result.attempts.at(-1)];
    assert.deepEqual([failed?.model, failed?.reason], ['eater', 'out_of_memory']);
    assert.ok((served?.tileSizePx ?? 144) <= (failed?.tileSizePx ?? 0) / 2);
    assert.ok((await distance(one)) < 10);
    assert.equal(supervisor.status().restarts, 0);
  });

  it('leaves its successor the tile that fitted, when it is killed after', {
    skip: noAddressLimit,
  }, async (test) => {
    const { supervisor, task, run, pid } = await smallEngine(test);
    let killed = 0;
    const first = await run(await task(260, 124, 0, { tileSizePx: 144 }), ({ tilesDone }) => {
      if (tilesDone === 0 || killed !== 0) return;
      killed = pid();
      process.kill(killed, 'SIGKILL');
    });
    await gone(killed);
    // In its first place, however the race between the kill and the last tile ended.
    assert.deepEqual([first.attempts[0]?.model, first.attempts[0]?.reason], ['eater', 'out_of_memory']);
    const second = await run(await task(260, 124, 1, { tileSizePx: 144 }));
    assert.equal(supervisor.status().restarts, 1);
    assert.deepEqual(
      second.attempts.map(({ model, outcome }) => [model, outcome]),
      [['eater', 'served']],
    );
    assert.ok((second.attempts[0]?.tileSizePx ?? 144) <= (first.attempts[0]?.tileSizePx ?? 0) / 2);
  });
});
