import assert from 'node:assert/strict';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import test from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import { makeFolder } from '../../src/host/make-folder.js';
import { storageError } from '../../src/jobs/store/storage-error.js';
import { until } from '../until.js';
import { form, type Harness, startApp } from './harness.js';

/** Takes `TEMP_DIR` away, in each of the ways in which it goes; returns what gives it back. */
const losses: Readonly<Record<string, (folder: string) => Promise<() => Promise<void>>>> = {
  'a file in its place': async (folder) => {
    await rename(folder, `${folder}-away`);
    await writeFile(folder, '');
    return async () => {
      await rm(folder);
      await rename(`${folder}-away`, folder);
    };
  },
  'a file in its place, and an empty folder afterwards': async (folder) => {
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    return async () => {
      await rm(folder);
      await mkdir(folder);
    };
  },
};

async function readiness({ origin }: Harness): Promise<string> {
  const response = await fetch(`${origin}/health/ready`);
  const { status } = (await response.json()) as { status: string };
  return `${response.status} ${status}`;
}

for (const [what, lose] of Object.entries(losses)) {
  test(`TEMP_DIR with ${what}: uploads are 503 with a sentence, readiness fails, and both recover`, async (t) => {
    const harness = await startApp(t);
    const { origin, context, logLines } = harness;
    const upload = async (path: string) => fetch(`${origin}${path}`, { method: 'POST', body: await form() });
    assert.equal(await readiness(harness), '200 ok');
    const giveBack = await lose(context.config.TEMP_DIR);
    for (const path of ['/upscale', '/jobs']) {
      const refused = await upload(path);
      assert.equal(refused.status, 503);
      assert.ok(Number(refused.headers.get('retry-after')) >= 1);
      const problem = (await refused.json()) as Record<string, string>;
      assert.equal(problem.code, 'storage_unavailable');
      assert.equal(problem.detail, 'The service cannot write the folder of its jobs now; try again later.');
    }
    await until(
      async () => (await readiness(harness)) === '503 no_storage',
      'The service says that it has no storage.',
    );
    assert.equal((await fetch(`${origin}/health/live`)).status, 200);
    assert.equal(
      ((await (await fetch(`${origin}/health`)).json()) as { status: string }).status,
      'no_storage',
    );

    await giveBack();
    await until(async () => (await readiness(harness)) === '200 ok', 'The service is ready again.');
    const served = await upload('/upscale');
    assert.equal(served.status, 200);
    await served.arrayBuffer();
    const told = logLines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    assert.deepEqual(
      told.filter((message) => message.startsWith('TEMP_DIR')),
      ['TEMP_DIR cannot be written', 'TEMP_DIR can be written again'],
    );
    assert.ok(!told.includes('Something went wrong on our side.'));
  });
}

test('TEMP_DIR that goes while pictures are at work is not their fault, and every job comes to an end', async (t) => {
  const { origin, engine, context, jobs } = await startApp(t);
  engine.hold();
  const waiting = fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
  const created = await fetch(`${origin}/jobs`, { method: 'POST', body: await form() });
  const [job] = ((await created.json()) as { jobs: { id: string }[] }).jobs;
  await until(() => engine.tasks.length === 2, 'The engine has both tasks.');
  const folder = context.config.TEMP_DIR;
  await rm(folder, { recursive: true });
  await writeFile(folder, '');
  engine.release();
  const answer = await waiting;
  assert.equal(answer.status, 503);
  assert.equal(((await answer.json()) as { code: string }).code, 'storage_unavailable');
  const view = async () =>
    (await (await fetch(`${origin}/jobs/${job?.id}`)).json()) as { state: string; error?: { code: string } };
  await until(async () => (await view()).state === 'failed', 'The job has failed.');
  assert.equal((await view()).error?.code, 'storage_unavailable');
  // Nor does it keep the service from ending.
  await jobs.close(1000);
  await rm(folder);
});

test('errors of the system in TEMP_DIR are disk_full or storage_unavailable, all of them with Retry-After', () => {
  const systemError = (code: string) =>
    Object.assign(new Error(`${code}: told by the system, open '/somewhere'`), { code, syscall: 'open' });
  const codes = {
    ENOSPC: 'disk_full',
    EDQUOT: 'disk_full',
    EFBIG: 'disk_full',
    EROFS: 'storage_unavailable',
    EACCES: 'storage_unavailable',
    ENOTDIR: 'storage_unavailable',
    EIO: 'storage_unavailable',
    EMFILE: 'storage_unavailable',
    ESTALE: 'storage_unavailable',
  };
  for (const [code, expected] of Object.entries(codes)) {
    const error = storageError(systemError(code));
    assert.equal(error?.code, expected, code);
    assert.ok((error?.details.retryAfterSeconds ?? 0) > 0, code);
    assert.doesNotMatch(error?.message ?? '', /somewhere/);
  }
  assert.equal(storageError(new TypeError('a fault of ours')), undefined);
  assert.equal(storageError(new TesseraError('queue_full', 'Full.')), undefined);
});

test('a folder is made with those above it; where the system refuses it, that is told and nothing spins', async (t) => {
  const { context } = await startApp(t);
  const deep = `${context.config.TEMP_DIR}/a/b/c`;
  await makeFolder(deep, 0o700);
  await makeFolder(deep);
  await rm(`${context.config.TEMP_DIR}/a`, { recursive: true });
  await writeFile(`${context.config.TEMP_DIR}/file`, '');
  await assert.rejects(makeFolder(`${context.config.TEMP_DIR}/file`), { code: 'EEXIST' });
  await assert.rejects(makeFolder(`${context.config.TEMP_DIR}/file/below`), { code: 'ENOTDIR' });
  await rm(`${context.config.TEMP_DIR}/file`);
  await assert.rejects(makeFolder('/proc/tessera'), { code: 'ENOENT' });
  await assert.rejects(makeFolder('/proc/tessera/below'), { code: 'ENOENT' });
});
