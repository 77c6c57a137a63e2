import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../until.js';
import { form, picture, startApp } from './harness.js';
import { codeOf, ended, type Json, type View } from './job-client.js';

const MAX_FILES = 32;

async function forms(files: number): Promise<FormData> {
  const image = new Blob([new Uint8Array(await picture())]);
  const body = new FormData();
  for (let index = 0; index < files; index++) body.append('file', image, `${index}.png`);
  return body;
}

test('with default settings one request may hold 32 files, by length or chunked', async (t) => {
  const app = await startApp(t);
  for (const chunked of [false, true]) {
    const body = await forms(MAX_FILES);
    const encoded = new Response(body);
    const init = chunked
      ? {
          body: encoded.body,
          duplex: 'half',
          headers: { 'content-type': encoded.headers.get('content-type') },
        }
      : { body };
    const response = await fetch(`${app.origin}/jobs`, { method: 'POST', ...init } as RequestInit);
    assert.equal(response.status, 202, await response.clone().text());
    const { jobs } = (await response.json()) as { jobs: View[] };
    assert.equal(jobs.length, MAX_FILES);
    for (const { id } of jobs) {
      assert.equal((await ended(app, id)).state, 'succeeded');
      await fetch(`${app.origin}/jobs/${id}`, { method: 'DELETE' });
    }
    await app.empty();
    assert.equal(app.jobs.status().diskBytes, 0);
  }
});

test('of two requests with 32 files at once, one is taken whole and the other refused whole', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const answers = await Promise.all(
    [await forms(MAX_FILES), await forms(MAX_FILES)].map((body) =>
      fetch(`${app.origin}/jobs`, { method: 'POST', body }),
    ),
  );
  const [taken, refused] = answers.sort((a, b) => a.status - b.status);
  assert.ok(taken && refused);
  assert.equal(taken.status, 202);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal(await codeOf(refused), '503 queue_full');
  const { uploading, running, queued } = app.jobs.status();
  assert.deepEqual({ uploading, running, queued }, { uploading: 0, running: 4, queued: 28 });

  // Four places are left: a request with one file too many is refused by name, one with four is not.
  const problem = await fetch(`${app.origin}/jobs`, { method: 'POST', body: await forms(5) });
  assert.match(String(((await problem.json()) as Json).detail), /room for 4 of the files/);
  assert.equal((await fetch(`${app.origin}/jobs`, { method: 'POST', body: await forms(4) })).status, 202);
  assert.equal(app.jobs.status().queued, 32);
});

test('a request with more files than the queue will ever have places for is told so, for good', async (t) => {
  const app = await startApp(t, { MAX_RUNNING_JOBS: '1', MAX_QUEUED_JOBS: '3' });
  const refused = await fetch(`${app.origin}/jobs`, { method: 'POST', body: await forms(5) });
  assert.equal(refused.headers.get('retry-after'), null);
  const problem = (await refused.json()) as Json;
  assert.deepEqual(
    [problem.status, problem.code, problem.accepted],
    [400, 'too_many_files', 'at most 4 files'],
  );
  assert.equal((await fetch(`${app.origin}/jobs`, { method: 'POST', body: await forms(4) })).status, 202);
  const document = await (await fetch(`${app.origin}/openapi.json`)).text();
  assert.match(document, /"maxItems":4,/);
});

test('the places, folders and disk of a request with many files are free again after a failure', async (t) => {
  const app = await startApp(t);
  const bad = await forms(MAX_FILES - 1);
  bad.append('file', new Blob(['no image']), 'bad.png');
  const late = await forms(MAX_FILES);
  late.append('scale', 'huge');
  for (const [body, code] of [
    [bad, '400 unsupported_image'],
    [late, '400 invalid_option'],
  ] as const) {
    assert.equal(await codeOf(await fetch(`${app.origin}/jobs`, { method: 'POST', body })), code);
    await app.empty();
    const { uploading, kept, diskBytes } = app.jobs.status();
    assert.deepEqual({ uploading, kept, diskBytes }, { uploading: 0, kept: 0, diskBytes: 0 });
  }
  assert.equal((await fetch(`${app.origin}/jobs`, { method: 'POST', body: await forms(32) })).status, 202);
});

test('MAX_CONCURRENT_UPLOADS counts requests: sixteen of any size are read at once, a seventeenth is not', async (t) => {
  // Silent uploads would else make room.
  const app = await startApp(t, { MAX_QUEUED_JOBS: '100', MIN_BYTES_PER_SECOND: '0' });
  const close: (() => void)[] = [];
  const answers: Promise<Response>[] = [];
  for (let index = 0; index < 16; index++) {
    const encoded = new Response(await forms(3));
    const bytes = new Uint8Array(await encoded.arrayBuffer());
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        // All but the last bytes: three files have begun, and the request has not ended.
        controller.enqueue(bytes.slice(0, -5));
        close.push(() => {
          controller.enqueue(bytes.slice(-5));
          controller.close();
        });
      },
    });
    const type = encoded.headers.get('content-type') ?? '';
    const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': type } };
    answers.push(fetch(`${app.origin}/jobs`, init as RequestInit));
  }
  await until(() => app.jobs.status().uploading === 16, '16 uploads are under way.');
  for (const headers of [{}, { prefer: 'respond-async' }]) {
    const refused = await fetch(`${app.origin}/upscale`, { method: 'POST', body: await form(), headers });
    assert.equal(await codeOf(refused), '503 queue_full');
  }
  for (const end of close) end();
  for (const answer of answers) assert.equal((await answer).status, 202);
  const asJob = await fetch(`${app.origin}/upscale`, {
    method: 'POST',
    body: await form(),
    headers: { prefer: 'respond-async' },
  });
  assert.equal(asJob.status, 202);
  assert.equal(app.jobs.status().kept, 49);
});
