import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { packageRoot } from '../../src/host/package-root.js';
import { atEnd } from '../at-end.js';
import { until as waitUntil } from '../until.js';
import { imageForm, photo } from './pictures.js';
import { startServer } from './server-process.js';
import { slowForm } from './slow-picture.js';

const LITE = 'tessera-lite-x4';

/** A copy of the shipped models with junk at the end of the embedded int8 network. */
async function damagedModels(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-damaged-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  for (const name of ['manifest.json', `${LITE}.onnx`, `${LITE}.f32.onnx`])
    await cp(join(packageRoot(), 'models', name), join(folder, name));
  await appendFile(join(folder, `${LITE}.onnx`), 'junk\n');
  return folder;
}

test('a damaged model: 503 by its name without fallback, its twin with it, and health is degraded but ready', async (t) => {
  const { origin, clean } = await startServer(t, { MODELS_DIR: await damagedModels(t) });
  const upscale = async (fields: Record<string, string>) =>
    fetch(`${origin}/upscale`, { method: 'POST', body: imageForm(await photo(7), fields) });
  for (const named of [{}, { model: LITE }]) {
    const refused = await upscale({ ...named, fallback: 'false' });
    assert.equal(refused.status, 503);
    const problem = (await refused.json()) as { code: string; detail: string };
    assert.equal(problem.code, 'fallback_refused');
    assert.match(
      problem.detail,
      /^tessera-lite-x4 could not serve this image.* has \d+ bytes instead of \d+\.$/,
    );
    const served = await upscale(named);
    assert.equal(served.status, 200);
    assert.equal(served.headers.get('x-upscale-model'), `${LITE}-f32`);
    assert.equal(served.headers.get('x-upscale-fallback'), 'true');
    assert.match(
      served.headers.get('x-upscale-attempts') ?? '',
      /tessera-lite-x4;provider=cpu;outcome=failed;reason=corrupt_model/,
    );
    await served.arrayBuffer();
  }
  const health = (await (await fetch(`${origin}/health`)).json()) as { status: string };
  assert.equal(health.status, 'degraded');
  assert.equal((await fetch(`${origin}/health/ready`)).status, 200);
  const { models } = (await (await fetch(`${origin}/models`)).json()) as {
    models: { name: string; unavailable?: string }[];
  };
  assert.match(models.find(({ name }) => name === LITE)?.unavailable ?? '', /instead of/);
  await clean();
});

test('the command line with --no-fallback fails on a damaged model and writes nothing', async (t) => {
  const folder = await damagedModels(t);
  const picture = join(folder, 'picture.png');
  await writeFile(picture, await photo(8));
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      join(packageRoot(), 'build/src/cli.js'),
      'upscale',
      '--no-fallback',
      '-o',
      join(folder, 'out.png'),
      picture,
    ],
    { env: { ...process.env, MODELS_DIR: folder, MODELS_DOWNLOAD: 'off' }, encoding: 'utf8' },
  );
  assert.equal(status, 1);
  assert.match(stderr, /tessera-lite-x4 could not serve this image/);
  assert.ok(!existsSync(join(folder, 'out.png')));
});

test('kill -9 of the engine without fallback: the refusal names the model that was at work', async (t) => {
  const { origin, until } = await startServer(t);
  const body = await slowForm();
  body.append('fallback', 'false');
  const created = await fetch(`${origin}/jobs`, { method: 'POST', body });
  assert.equal(created.status, 202);
  const { jobs } = (await created.json()) as { jobs: { id: string }[] };
  interface Snapshot {
    readonly state: string;
    readonly progress?: { readonly tilesDone: number } | null;
    readonly error?: { readonly code: string; readonly detail: string } | null;
  }
  const jobIs = (condition: (job: Snapshot) => boolean, expected: string) =>
    waitUntil(async () => {
      const job = (await (await fetch(`${origin}/jobs/${jobs[0]?.id}`)).json()) as Snapshot;
      assert.notEqual(job.state, 'succeeded');
      return condition(job) && job;
    }, expected);
  await jobIs(({ progress }) => (progress?.tilesDone ?? 0) > 0, 'A tile is done.');
  const { engine } = await until(({ engine: { processes } }) => processes.some((each) => each.jobs === 1));
  const [victim] = engine.processes;
  assert.ok(victim !== undefined);
  process.kill(victim.pid, 'SIGKILL');
  const { error } = await jobIs(({ state }) => state === 'failed', 'The job has failed.');
  assert.equal(error?.code, 'fallback_refused');
  assert.match(error?.detail ?? '', /^tessera-lite-x4 could not serve.*system ended the engine process/);
});
