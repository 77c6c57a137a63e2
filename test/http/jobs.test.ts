import assert from 'node:assert/strict';
import test from 'node:test';
import sharp from 'sharp';
import { TesseraError } from '../../src/errors.js';
import { form, type Harness, picture, startApp } from './harness.js';
import { readEvents, type ServerEvent } from './sse.js';

type Json = Record<string, unknown>;
interface View extends Json {
  readonly id: string;
  readonly state: string;
}

async function create(
  { origin }: Harness,
  body: FormData | Promise<FormData> = form(),
  headers: Record<string, string> = {},
): Promise<View> {
  const response = await fetch(`${origin}/jobs`, { method: 'POST', body: await body, headers });
  assert.equal(response.status, 202, await response.clone().text());
  const { jobs } = (await response.json()) as { jobs: View[] };
  const [job] = jobs;
  assert.ok(job !== undefined);
  assert.equal(response.headers.get('location'), `/jobs/${job.id}`);
  return job;
}

async function read({ origin }: Harness, id: string): Promise<View> {
  const response = await fetch(`${origin}/jobs/${id}`);
  assert.equal(response.status, 200);
  return (await response.json()) as View;
}

async function ended(app: Harness, id: string): Promise<View> {
  let job = await read(app, id);
  await app.until(async () => {
    job = await read(app, id);
    return !['queued', 'running'].includes(job.state);
  });
  return job;
}

async function codeOf(response: Response): Promise<string> {
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  return `${response.status} ${((await response.json()) as Json).code}`;
}

test('a job goes from queued to its result, which can be fetched again and again', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const job = await create(app, form({ scale: '2', format: 'png' }, 'dir/holiday.png'));
  assert.match(job.id, /^[\w-]{22}$/);
  assert.equal(job.fileName, 'holiday.png');
  assert.deepEqual(job.source, { width: 16, height: 12, format: 'png', bytes: (await picture()).length });
  await app.until(async () => (await read(app, job.id)).progress !== undefined);
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
  assert.match(await codeOf(refused), /^(400 too_many_files|503 queue_full)$/);
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
    detail: 'The PNG image is damaged or incomplete.',
  });
  assert.equal(await codeOf(await fetch(`${app.origin}/jobs/${id}/result`)), '409 result_not_ready');
});

test('events: the state, progress, the end, each with an id', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const { id } = await create(app);
  const response = await fetch(`${app.origin}/jobs/${id}/events`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const events: ServerEvent[] = [];
  for await (const event of readEvents(response)) {
    events.push(event);
    if (event.event === 'progress' || event.data.progress !== undefined) app.engine.release();
  }
  const last = events.at(-1);
  assert.equal(last?.event, 'state');
  assert.equal(last?.data.state, 'succeeded');
  assert.equal((last?.data.result as Json | undefined)?.href, `/jobs/${id}/result`);
  const ids = events.map((event) => Number(event.id));
  assert.deepEqual(
    ids,
    [...ids].sort((a, b) => a - b),
  );
  for (const { event, data } of events) {
    if (event === 'state') assert.equal(data.id, id);
    else assert.equal(data.tilesTotal, 2);
  }
});

test('events go on after Last-Event-ID, also when the job has ended meanwhile', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const { id } = await create(app);
  const connection = new AbortController();
  const response = await fetch(`${app.origin}/jobs/${id}/events`, { signal: connection.signal });
  const { value: first } = await readEvents(response).next();
  assert.ok(first !== undefined);
  connection.abort();
  app.engine.release();
  await ended(app, id);

  const resume = async (lastEventId: string) => {
    const events: ServerEvent[] = [];
    const again = await fetch(`${app.origin}/jobs/${id}/events`, {
      headers: { 'last-event-id': lastEventId },
    });
    for await (const event of readEvents(again)) events.push(event);
    return events;
  };
  const missed = await resume(String(first.id));
  assert.ok(missed.every((event) => Number(event.id) > Number(first.id)));
  assert.equal(missed.at(-1)?.data.state, 'succeeded');
  // Who has seen it all is told the end once more; so is who knows an id that is none.
  for (const known of [String(missed.at(-1)?.id), 'nonsense']) {
    const told = await resume(known);
    assert.equal(told.length, 1, known);
    assert.equal(told[0]?.data.state, 'succeeded');
  }
});

test('while a tile takes long, progress is told again at least each second', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const { id } = await create(app);
  await app.until(async () => (await read(app, id)).progress !== undefined);
  const response = await fetch(`${app.origin}/jobs/${id}/events`);
  let repeats = 0;
  for await (const { event } of readEvents(response)) {
    if (event === 'progress') repeats += 1;
    if (repeats === 2) app.engine.release();
  }
  assert.ok(repeats >= 2);
});

test('a stream of events ends with the app, and its client is not told a lie', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const { id } = await create(app);
  const response = await fetch(`${app.origin}/jobs/${id}/events`);
  const events: ServerEvent[] = [];
  const reading = (async () => {
    for await (const event of readEvents(response)) events.push(event);
  })();
  await app.until(() => events.length > 0);
  await Promise.all([app.jobs.close(0), app.app.close()]);
  await reading.catch(() => undefined);
  assert.ok(
    events.every(
      ({ data }) => data.state === undefined || data.state === 'queued' || data.state === 'running',
    ),
  );
});

test('DELETE cancels a job at work, and removes one that has ended', async (t) => {
  const app = await startApp(t);
  app.engine.hold();
  const { id } = await create(app);
  await app.until(() => app.engine.tasks.length === 1);
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

test('Idempotency-Key: the same gives the same jobs, another image or option is a conflict', async (t) => {
  const app = await startApp(t);
  const key = { 'idempotency-key': 'order-17' };
  const first = await create(app, form({ scale: '2' }), key);
  const again = await create(app, form({ scale: '2' }), key);
  assert.equal(again.id, first.id);
  const other = await fetch(`${app.origin}/jobs`, {
    method: 'POST',
    body: await form({ scale: '3' }),
    headers: key,
  });
  assert.equal(await codeOf(other), '422 idempotency_conflict');
  const bad = await fetch(`${app.origin}/jobs`, {
    method: 'POST',
    body: await form(),
    headers: { 'idempotency-key': 'two words' },
  });
  assert.equal(await codeOf(bad), '400 invalid_request');

  // Of several images each has its place under the key.
  const both = async () => {
    const body = new FormData();
    for (const width of [10, 20])
      body.append('file', new Blob([new Uint8Array(await picture(width))]), 'a.png');
    const response = await fetch(`${app.origin}/jobs`, {
      method: 'POST',
      body,
      headers: { 'idempotency-key': 'pair' },
    });
    return ((await response.json()) as { jobs: View[] }).jobs.map(({ id }) => id);
  };
  const ids = await both();
  assert.notEqual(ids[0], ids[1]);
  assert.deepEqual(await both(), ids);
});

test('an idempotency key belongs to an API key', async (t) => {
  const app = await startApp(t, { API_KEYS: 'alice,bob' });
  const create202 = async (apiKey: string) => {
    const response = await fetch(`${app.origin}/jobs`, {
      method: 'POST',
      body: await form(),
      headers: { 'idempotency-key': 'k', 'x-api-key': apiKey },
    });
    return ((await response.json()) as { jobs: View[] }).jobs[0]?.id;
  };
  const alice = await create202('alice');
  assert.equal(await create202('alice'), alice);
  assert.notEqual(await create202('bob'), alice);
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

test('a result in parts: Range, If-Range, ETag, If-None-Match and HEAD', async (t) => {
  const app = await startApp(t);
  const { id } = await create(app, form({ format: 'png' }));
  await ended(app, id);
  const url = `${app.origin}/jobs/${id}/result`;
  const whole = await fetch(url);
  const etag = whole.headers.get('etag') ?? '';
  assert.match(etag, /^"[\w-]+"$/);
  assert.equal(whole.headers.get('accept-ranges'), 'bytes');
  const bytes = Buffer.from(await whole.arrayBuffer());

  const part = async (range: string, more: Record<string, string> = {}) => {
    const response = await fetch(url, { headers: { range, ...more } });
    return { response, body: Buffer.from(await response.arrayBuffer()) };
  };
  for (const [range, start, end] of [
    ['bytes=0-9', 0, 10],
    ['bytes=10-', 10, bytes.length],
    ['bytes=-7', bytes.length - 7, bytes.length],
    ['bytes=5-99999999', 5, bytes.length],
  ] as const) {
    const { response, body } = await part(range);
    assert.equal(response.status, 206, range);
    assert.equal(response.headers.get('content-range'), `bytes ${start}-${end - 1}/${bytes.length}`);
    assert.equal(response.headers.get('content-length'), String(end - start));
    assert.deepEqual(body, bytes.subarray(start, end));
  }
  for (const ignored of ['bytes=0-1,3-4', 'bytes=9-2', 'bytes=-', 'lines=1-2', 'bytes=x-y']) {
    assert.equal((await part(ignored)).response.status, 200, ignored);
  }
  const { response: beyond, body } = await part(`bytes=${bytes.length}-`);
  assert.equal(beyond.status, 416);
  assert.equal(beyond.headers.get('content-range'), `bytes */${bytes.length}`);
  assert.equal((JSON.parse(body.toString()) as Json).code, 'range_not_satisfiable');

  assert.equal((await part('bytes=0-3', { 'if-range': etag })).response.status, 206);
  assert.equal((await part('bytes=0-3', { 'if-range': '"other"' })).response.status, 200);
  const known = await fetch(url, { headers: { 'if-none-match': `"other", W/${etag}` } });
  assert.equal(known.status, 304);
  assert.equal(known.headers.get('etag'), etag);
  const head = await fetch(url, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get('content-length'), String(bytes.length));
  assert.equal(head.headers.get('content-type'), 'image/png');
});
