import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, TesseraError } from '../../src/domain/errors.js';
import { HeaderPool, type HeaderPoolOptions } from '../../src/engine/headers/header-pool.js';
import { launchHeaderProcess } from '../../src/engine/headers/launch.js';
import { packageRoot } from '../../src/host/package-root.js';
import { atEnd } from '../at-end.js';
import { manyFrames } from '../hostile/inputs/webp.js';
import { limits } from '../pipeline/stage.js';
import { SILENT } from './rig.js';

const SCRIPTED = fileURLToPath(new URL('./runners/scripted-header-process.js', import.meta.url));
const PHOTO = join(packageRoot(), 'bench/photos/otter.jpg');
const linuxOnly = { skip: process.platform === 'linux' ? false : 'only Linux has /proc' };

/** A pool that is closed when the test ends, and the processes that it started, oldest first. */
function startPool(t: TestContext, options: Partial<HeaderPoolOptions> = {}) {
  const children: ChildProcess[] = [];
  const launch = options.launch ?? (() => fork(SCRIPTED, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }));
  const pool = new HeaderPool({
    processes: 1,
    limits,
    deadlineMs: 60_000,
    log: SILENT,
    ...options,
    launch: () => {
      const child = launch();
      children.push(child);
      return child;
    },
  });
  atEnd(t, () => pool.close());
  return { pool, children };
}

const refused = (code: ErrorCode, text: RegExp) => (error: unknown) =>
  error instanceof TesseraError && error.code === code && text.test(error.message);

describe('HeaderPool', () => {
  it('reads the header of a photo in another process, and gives its errors as they are', async (t) => {
    const { pool } = startPool(t, { launch: () => launchHeaderProcess(process.env, limits.maxInputPixels) });
    assert.equal(pool.state, 'starting');
    const { format, width, height } = await pool.read(PHOTO);
    assert.equal(format, 'jpeg');
    assert.ok(width > 0 && height > 0);
    assert.equal(pool.state, 'ready');
    await assert.rejects(
      pool.read(fileURLToPath(import.meta.url)),
      refused('unsupported_image', /not an image/),
    );
  });

  it('gives its processes neither the environment of the server nor much memory', linuxOnly, async (t) => {
    const { pool, children } = startPool(t, {
      launch: () =>
        launchHeaderProcess(
          { ...process.env, API_KEYS: 'secret-of-a-test', HOME: '/home/x' },
          limits.maxInputPixels,
        ),
    });
    await pool.read(PHOTO);
    const proc = `/proc/${children[0]?.pid}`;
    const environment = await readFile(`${proc}/environ`, 'utf8');
    assert.doesNotMatch(environment, /secret-of-a-test|HOME=/);
    assert.match(await readFile(`${proc}/limits`, 'utf8'), /Max data size +468435968/);
  });

  it('has room for the frame of the largest animation that is accepted', async (t) => {
    const { pool } = startPool(t, { launch: () => launchHeaderProcess(process.env, limits.maxInputPixels) });
    const folder = await mkdtemp(join(tmpdir(), 'tessera-animation-'));
    atEnd(t, () => rm(folder, { recursive: true }));
    const path = join(folder, 'source');
    await writeFile(path, manyFrames(2, 7000));
    assert.deepEqual((({ width, pages }) => ({ width, pages }))(await pool.read(path)), {
      width: 7000,
      pages: 2,
    });
    await writeFile(path, manyFrames(2, 10_000));
    await assert.rejects(pool.read(path), refused('image_too_large', /100 megapixels/));
  });

  it('refuses a picture that keeps its process at work beyond the deadline, and reads the next', async (t) => {
    const { pool, children } = startPool(t, { deadlineMs: 500 });
    await pool.read('answer');
    await assert.rejects(pool.read('work for ever'), refused('unsupported_image', /longer than 0\.5 s/));
    assert.equal((await pool.read('answer')).width, 3);
    assert.equal(children.length, 2);
  });

  it('does not blame the picture when its process was kept from working', linuxOnly, async (t) => {
    const { pool } = startPool(t, { deadlineMs: 300 });
    await pool.read('answer');
    await assert.rejects(pool.read('wait for ever'), refused('engine_unavailable', /too busy/));
  });

  it('refuses a picture under which its process dies', async (t) => {
    const { pool } = startPool(t);
    const error = await pool.read('crash').catch((thrown: unknown) => thrown);
    assert.ok(error instanceof TesseraError);
    assert.equal(error.code, 'unsupported_image');
    assert.match(error.internal ?? '', /SIGABRT: .*a word before the end/s);
    assert.equal((await pool.read('answer')).width, 3);
  });

  it('reads a picture once more when the system takes its process, and then gives up for now', async (t) => {
    const { pool, children } = startPool(t);
    await assert.rejects(pool.read('be taken'), refused('engine_unavailable', /try again later/));
    assert.equal((await pool.read('answer')).width, 3);
    assert.equal(children.length, 3);
  });

  it('reads on with its other process while one is held', async (t) => {
    const { pool } = startPool(t, { processes: 2 });
    const held = pool.read('wait for ever').catch(() => undefined);
    for (let count = 0; count < 5; count++) assert.equal((await pool.read('answer')).width, 3);
    await pool.close();
    await held;
  });

  it('replaces a process that dies idle', async (t) => {
    const { pool, children } = startPool(t);
    await pool.read('answer');
    const [first] = children;
    first?.kill('SIGKILL');
    await once(first as ChildProcess, 'exit');
    assert.equal((await pool.read('answer')).width, 3);
  });

  it('is down when its processes do not start, and says so to whoever asks', async (t) => {
    const { pool } = startPool(t, {
      launch: () =>
        fork(join(packageRoot(), 'no-such-module.js'), [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] }),
    });
    await assert.rejects(pool.read('answer'), refused('engine_unavailable', /try again later/));
    assert.equal(pool.state, 'down');
  });
});
