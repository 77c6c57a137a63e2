import assert from 'node:assert/strict';
import test from 'node:test';
import sharp from 'sharp';
import { TesseraError } from '../../src/domain/errors.js';
import { until } from '../until.js';
import { form, picture, startApp } from './harness.js';
import { codeOf, create, ended, type Json, read, type View } from './job-client.js';

test('a job goes from queued to its result, which can be fetched again and again', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const job = await create(app, form({ scale: '2', format: 'png' }, 'dir/holiday.png'));
  assert.match(job.id, /^[\w-]{22}$/);
  assert.equal(job.fileName, 'holiday.png');
  assert.deepEqual(job.source, { width: 16, height: 12, format: 'png', bytes: (await picture()).length });
  await until(async () => (await read(app, job.id)).progress !== undefined, 'The job tells its progress.');
  const running = await read(app, job.id);
  assert.deepEqual(running.progress, {
    stage: 'infer',
    tilesDone: 0,
    tilesTotal: 2,
    model: 'fake-x4',
    provider: 'cpu',
  });
  assert.equal(await codeOf(await fetch(`${app.origin}/jobs/${job.id}/result`)), '409 result_not_ready');

  app.engine.release();
  const done = await ended(app, job.id);
  assert.equal(done.state, 'succeeded');
  const { milliseconds, ...result } = done.result as Json;
  assert.ok(Number(milliseconds) >= 0);
  assert.deepEqual(result, {
    href: `/jobs/${job.id}/result`,
    fileName: 'holiday_x2.png',
    mediaType: 'image/png',
    format: 'png',
    bytes: result.bytes,
    width: 32,
    height: 24,
    scale: 2,
    model: 'fake-x4',
    provider: 'cpu',
    steps: ['network', 'resize'],
    tiles: 2,
    fallback: false,
  });
  assert.equal((done.attempts as Json[]).length, 2);
  assert.ok(Date.parse(String(done.expiresAt)) > Date.parse(String(done.createdAt)));
  for (let time = 0; time < 2; time += 1) {
    const response = await fetch(app.origin + String(result.href));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-disposition'), 'inline; filename="holiday_x2.png"');
    assert.equal(response.headers.get('x-upscale-model'), 'fake-x4');
    const image = Buffer.from(await response.arrayBuffer());
    assert.equal(image.length, result.bytes);
    assert.equal((await sharp(image).metadata()).width, 32);
  }
});

test('a name of 80 Chinese characters names the job, its result and the download', async (t) => {
  const app = await startApp(t);
  const stem = '山'.repeat(80);
  const job = await create(app, form({ scale: '2', format: 'png' }, `${stem}.png`));
  assert.equal(job.fileName, `${stem}.png`);
  const { result } = await ended(app, job.id);
  assert.equal((result as Json).fileName, `${stem}_x2.png`);
  const response = await fetch(`${app.origin}/jobs/${job.id}/result`);
  const disposition = response.headers.get('content-disposition') ?? '';
  const named = /filename\*=UTF-8''(\S+)/.exec(disposition)?.[1] ?? '';
  assert.equal(decodeURIComponent(named), `${stem}_x2.png`);
});

test('a job may take the longest time allowed unless its request says otherwise; /upscale has its own default', async (t) => {
  const app = await startApp(t, { DEFAULT_TIMEOUT_SECONDS: '60', MAX_TIMEOUT_SECONDS: '600' });
  const post = async (path: string, headers: Record<string, string> = {}) => {
    await (await fetch(app.origin + path, { method: 'POST', body: await form(), headers })).arrayBuffer();
    await until(() => app.jobs.status().running + app.jobs.status().queued === 0, 'No job is left.');
    return app.engine.tasks.at(-1)?.options.timeoutSeconds;
  };
  assert.equal(await post('/jobs'), 600);
  assert.equal(await post('/upscale', { prefer: 'respond-async' }), 600);
  assert.equal(await post('/jobs?timeout=7'), 7);
  assert.equal(await post('/upscale'), 60);
  const { paths } = (await (await fetch(`${app.origin}/docs/json`)).json()) as {
    paths: Record<string, { post?: { parameters: { name: string; description: string }[] } }>;
  };
  const told = (path: string) =>
    paths[path]?.post?.parameters.find(({ name }) => name === 'timeout')?.description ?? '';
  assert.match(told('/jobs'), /When left out: `600` s\./);
  assert.match(told('/upscale'), /When left out: `60` s\./);
});

test('many files of one request become many jobs, in order', async (t) => {
  const app = await startApp(t);
  const body = new FormData();
  const widths = [10, 20, 30];
  for (const width of widths)
    body.append('file', new Blob([new Uint8Array(await picture(width, 8))]), `${width}.png`);
  body.append('scale', '2');
  const response = await fetch(`${app.origin}/jobs`, { method: 'POST', body });
  assert.equal(response.status, 202);
  assert.equal(response.headers.get('location'), null);
  const { jobs } = (await response.json()) as { jobs: View[] };
  assert.deepEqual(
    jobs.map(({ fileName }) => fileName),
    ['10.png', '20.png', '30.png'],
  );
  for (const [index, { id }] of jobs.entries()) {
    assert.equal(((await ended(app, id)).result as Json).width, (widths[index] ?? 0) * 2);
  }
});

test('when one of many files is bad, none becomes a job and nothing stays', async (t) => {
  const app = await startApp(t);
  const body = new FormData();
  body.append('file', new Blob([new Uint8Array(await picture())]), 'good.png');
  body.append('file', new Blob(['no image']), 'bad.png');
  const response = await fetch(`${app.origin}/jobs`, { method: 'POST', body });
  assert.equal(await codeOf(response), '400 unsupported_image');
  assert.equal(app.engine.tasks.length, 0);
  assert.equal(app.jobs.status().kept, 0);
  await app.empty();

  const many = new FormData();
  for (let index = 0; index < 33; index += 1)
    many.append('file', new Blob([new Uint8Array(await picture())]), 'a.png');
  const refused = await fetch(`${app.origin}/jobs`, { method: 'POST', body: many });
  assert.equal(await codeOf(refused), '400 too_many_files');
  await app.empty();
});

test('the refusal of one of many files names it, by its name and its place', async (t) => {
  const app = await startApp(t, { MAX_UPLOAD_MB: '0.01' });
  const good = new Uint8Array(await picture());
  const send = async (
    ...files: readonly (readonly [content: string | Uint8Array<ArrayBuffer>, name: string])[]
  ) => {
    const body = new FormData();
    for (const [content, name] of files) body.append('file', new Blob([content]), name);
    return (await (await fetch(`${app.origin}/jobs`, { method: 'POST', body })).json()) as Json;
  };
  const cases = [
    ['no image', 'unsupported_image', 'The file is not an image'],
    ['', 'no_file', 'The uploaded file is empty'],
    ['x'.repeat(20_000), 'upload_too_large', 'The file is too large'],
  ] as const;
  for (const [content, code, sentence] of cases) {
    const problem = await send([good, 'good.png'], [content, 'in/bad.png']);
    assert.equal(problem.code, code);
    assert.ok(String(problem.detail).startsWith(`"bad.png": ${sentence}`), String(problem.detail));
    assert.equal(problem.parameter, 'file[1]');
  }
  const nameless = await send([good, 'good.png'], ['no image', '..']);
  assert.match(String(nameless.detail), /^File 2: The file is not an image/);
  const alone = await send(['no image', 'bad.png']);
  assert.match(String(alone.detail), /^The file is not an image/);
  assert.equal(alone.parameter, 'file');
  await app.empty();
});

test('Prefer: respond-async makes /upscale answer with a job', async (t) => {
  const app = await startApp(t);
  const response = await fetch(`${app.origin}/upscale?scale=2`, {
    method: 'POST',
    body: await form(),
    headers: { prefer: 'wait=5, respond-async' },
  });
  assert.equal(response.status, 202);
  assert.equal(response.headers.get('preference-applied'), 'respond-async');
  const { jobs } = (await response.json()) as { jobs: View[] };
  assert.equal(response.headers.get('location'), `/jobs/${jobs[0]?.id}`);
  assert.equal((await ended(app, jobs[0]?.id ?? '')).state, 'succeeded');
});

test('a job that fails says why, as /upscale would have', async (t) => {
  const app = await startApp(t);
  app.engine.failure = new TesseraError('corrupt_image', 'The PNG image is damaged or incomplete.');
  const { id } = await create(app);
  const job = await ended(app, id);
  assert.equal(job.state, 'failed');
  assert.deepEqual(job.error, {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    code: 'corrupt_image',
    retry: 'never',
    detail: 'The PNG image is damaged or incomplete.',
  });
  assert.equal(await codeOf(await fetch(`${app.origin}/jobs/${id}/result`)), '409 result_not_ready');
});

test('DELETE cancels a job at work, and removes one that has ended', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const { id } = await create(app);
  await until(() => app.engine.tasks.length === 1, 'The engine has the task.');
  const cancel = await fetch(`${app.origin}/jobs/${id}`, { method: 'DELETE' });
  assert.equal(cancel.status, 204);
  const job = await ended(app, id);
  assert.equal(job.state, 'cancelled');
  assert.equal(app.engine.cancelled[0], id);

  assert.equal((await fetch(`${app.origin}/jobs/${id}`, { method: 'DELETE' })).status, 204);
  for (const path of ['', '/events', '/result']) {
    assert.equal(await codeOf(await fetch(`${app.origin}/jobs/${id}${path}`)), '404 not_found', path);
  }
  assert.equal(await codeOf(await fetch(`${app.origin}/jobs/${id}`, { method: 'DELETE' })), '404 not_found');
  await app.empty();
});

test('options that are not for jobs, and callbacks to hosts that are not listed, are refused', async (t) => {
  const app = await startApp(t, { CALLBACK_HOSTS: 'hooks.example', CALLBACK_SECRET: 's' });
  const post = async (path: string, fields: Record<string, string>) => {
    const response = await fetch(app.origin + path, { method: 'POST', body: await form(fields) });
    return response.status === 202
      ? '202'
      : `${response.status} ${((await response.json()) as Json).parameter}`;
  };
  assert.equal(await post('/jobs', { dry_run: 'true' }), '400 dry_run');
  assert.equal(await post('/jobs', { callback_url: 'https://evil.example/x' }), '400 callback_url');
  assert.equal(await post('/jobs?callback_url=https://evil.example/x', {}), '400 callback_url');
  assert.equal(
    await post('/jobs?callback_url=https://hooks.example/x', { callback_url: 'https://hooks.example/x' }),
    '400 callback_url',
  );
  assert.equal(await post('/upscale', { callback_url: 'https://hooks.example/x' }), '400 callback_url');
  await app.empty();
});

test('while no engine can be started, /upscale is refused before its upload and jobs are taken', async (t) => {
  const app = await startApp(t);
  app.engine.startsFail = true;
  const refused = await fetch(`${app.origin}/upscale`, { method: 'POST', body: await form() });
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal(await codeOf(refused), '503 engine_unavailable');
  assert.equal(app.jobs.status().uploading, 0);
  await create(app);
  const asJob = await fetch(`${app.origin}/upscale`, {
    method: 'POST',
    body: await form(),
    headers: { prefer: 'respond-async' },
  });
  assert.equal(asJob.status, 202);
});

test('past MAX_KEPT_JOBS a job is refused with Retry-After, and /upscale is not', async (t) => {
  const app = await startApp(t, { MAX_KEPT_JOBS: '2', JOB_TTL_MINUTES: '10' });
  const made = [await create(app), await create(app)];
  for (const { id } of made) assert.equal((await ended(app, id)).state, 'succeeded');
  for (const path of ['/jobs', '/upscale']) {
    const headers = { prefer: 'respond-async' };
    const refused = await fetch(app.origin + path, { method: 'POST', body: await form(), headers });
    const retryAfter = Number(refused.headers.get('retry-after'));
    assert.ok(retryAfter > 590 && retryAfter <= 600, String(retryAfter));
    assert.equal(await codeOf(refused), '503 queue_full');
  }
  const image = await fetch(`${app.origin}/upscale`, { method: 'POST', body: await form() });
  assert.equal(image.status, 200);
  await image.arrayBuffer();
  await fetch(`${app.origin}/jobs/${made[0]?.id}`, { method: 'DELETE' });
  await create(app);
  assert.equal((await fetch(`${app.origin}/jobs/${made[1]?.id}/result`)).status, 200);
});
