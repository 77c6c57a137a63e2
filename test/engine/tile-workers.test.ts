import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadConfig } from '../../src/config/config.js';
import type { UpscaleProgress } from '../../src/domain/types.js';
import { Assignment } from '../../src/engine/supervisor/assignment.js';
import {
  EngineHandle,
  type EngineLaunch,
  type EngineListener,
} from '../../src/engine/supervisor/engine-handle.js';
import { fleetOptions } from '../../src/engine/supervisor/launch.js';
import { packageRoot } from '../../src/host/package-root.js';
import { atEnd } from '../at-end.js';
import { failsWith } from '../jobs/rig.js';
import { install, signingNetwork, slowNetwork } from '../onnx-writer/test-models.js';
import { distance, realEngine } from './real-engine.js';
import { SILENT } from './rig.js';

/** So slow that its tiles are computed in tile workers, on any processor. */
const SINES = 3000;

/** An engine whose chain is led by a slow model; "quick" is a fast one beside it. */
async function modelsFolder(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-tile workers-engine-'));
  atEnd(test, () => rm(folder, { recursive: true }));
  const models = [
    await install(folder, 'slow', slowNetwork(SINES)),
    await install(folder, 'quick', signingNetwork(240, { scale: 2 })),
  ];
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ models }));
  return folder;
}

async function slowEngine(test: TestContext, launch: Partial<EngineLaunch> = {}) {
  const folder = await modelsFolder(test);
  return realEngine(test, { MODELS_DIR: folder, MODEL_CHAIN: 'slow' }, launch);
}

/** Node with an address space in which an engine has room, and no thread with JavaScript beside it. */
async function narrowNode(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-narrow-'));
  atEnd(test, () => rm(folder, { recursive: true }));
  const path = join(folder, 'node');
  await writeFile(path, `#!/bin/sh\nulimit -v 2000000\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
  return path;
}

describe('an engine with tiles in tile workers', () => {
  it('computes as many tiles as it planned, and each job its own image', async (test) => {
    const { supervisor, task, run } = await slowEngine(test);
    const tasks = await Promise.all(
      Array.from({ length: 8 }, (_, seed) => task(100 + seed, 130, seed * 3, { tileSizePx: 64 })),
    );
    const [first] = tasks;
    assert.ok(first);
    const plan = await supervisor.plan(first);
    const alone = await run(first);
    assert.equal(plan.tiles, alone.tiles);
    assert.ok(alone.tiles >= 4);
    await Promise.all(tasks.slice(1).map((one) => run(one)));
    for (const one of tasks) assert.ok((await distance(one)) < 3, one.id);
    assert.ok(alone.timings.inferMs > 10 * alone.timings.blendMs, JSON.stringify(alone.timings));
  });

  it('is cancelled within a tile of each tile worker, leaves nothing, and does the next job', async (test) => {
    const { supervisor, task, run } = await slowEngine(test);
    const one = await task(400, 300, 1, { tileSizePx: 64 });
    const abort = new AbortController();
    let after = 0;
    const stop = ({ tilesDone }: UpscaleProgress) => {
      if (abort.signal.aborted) after++;
      if (tilesDone === 2) abort.abort();
    };
    await assert.rejects(run(one, stop, abort.signal), failsWith('cancelled'));
    assert.ok(after <= 1, `${after} tiles more`);
    assert.deepEqual(
      (await readdir(one.workFolder)).filter((name) => name !== 'result'),
      ['source'],
    );
    const next = await task(100, 80, 2, { tileSizePx: 64 });
    assert.equal((await run(next)).model, 'slow');
    assert.ok((await distance(next)) < 3);
    assert.equal(supervisor.status().restarts, 0);
  });

  it('lives on, with the same model, where there is no room for a tile worker', {
    skip: process.platform !== 'linux' && 'other systems do not limit the address space',
  }, async (test) => {
    const { supervisor, task, run } = await slowEngine(test, { execPath: await narrowNode(test) });
    const one = await task(300, 260, 4, { tileSizePx: 64 });
    const { model, fallback } = await run(one);
    assert.deepEqual([model, fallback], ['slow', false]);
    assert.ok((await distance(one)) < 3);
    assert.equal(supervisor.status().restarts, 0);
  });

  it('finishes a job of a fast model in its turns while a slow one is at work', async (test) => {
    const { task, run } = await slowEngine(test);
    const abort = new AbortController();
    let slowTiles = 0;
    let begun: () => void = () => {};
    const beginning = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const slow = run(
      await task(800, 600, 1, { tileSizePx: 64 }),
      ({ tilesDone }) => {
        slowTiles = tilesDone;
        if (tilesDone > 0) begun();
      },
      abort.signal,
    );
    slow.catch(() => {});
    await beginning;
    const before = slowTiles;
    const quick = await run(await task(200, 200, 2, { tileSizePx: 32, model: 'quick' }));
    assert.equal(quick.model, 'quick');
    assert.ok(quick.tiles > 40, `${quick.tiles} tiles`);
    assert.ok(slowTiles - before < quick.tiles / 2, `${slowTiles - before} slow tiles for ${quick.tiles}`);
    abort.abort();
    await assert.rejects(slow, failsWith('cancelled'));
  });

  it('ends at once when the server is gone', async (test) => {
    const folder = await modelsFolder(test);
    const config = loadConfig(
      { ENGINE_THREADS: '2', MODELS_DIR: folder, MODEL_CHAIN: 'slow' },
      packageRoot(),
    );
    const { task } = await realEngine(test);
    const one = await task(400, 300, 1, { tileSizePx: 64 });
    const { launch, settings } = fleetOptions(config, process.env, SILENT);
    const how = await new Promise<string>((resolve) => {
      const listener: EngineListener = {
        onReady: () => {
          const onProgress = ({ tilesDone }: UpscaleProgress) => {
            if (tilesDone === 2) engine.disconnect();
          };
          const hooks = { signal: new AbortController().signal, onProgress };
          engine.run(new Assignment(one, hooks, { resolve: () => {}, reject: () => {} }, 600));
        },
        onStatus: () => {},
        onVacancy: () => {},
        onDeviceLost: () => {},
        onOutOfMemory: () => {},
        onExit: (_, reason) => resolve(reason),
      };
      const engine = new EngineHandle(
        launch,
        { ...settings, preload: false, learnt: { candidates: [], work: {} } },
        SILENT,
        listener,
      );
    });
    assert.equal(how, 'it was ended by SIGKILL');
  });
});
