import assert from 'node:assert/strict';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { TesseraError } from '../../src/domain/errors.js';
import { until } from '../until.js';
import { form, picture, startApp } from './harness.js';

async function problem(response: Response): Promise<Record<string, unknown>> {
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  const body = (await response.json()) as Record<string, unknown>;
  assert.equal(body.status, response.status);
  assert.equal(body.request_id, response.headers.get('x-request-id'));
  return body;
}

test('a form with a file and fields after it comes back larger, with every header', async (t) => {
  const { origin, empty, engine } = await startApp(t);
  const response = await fetch(`${origin}/upscale`, {
    method: 'POST',
    body: await form({ scale: '2.5', quality: '80' }, 'holiday photo.png'),
    headers: { accept: 'image/webp;q=0.5, image/jpeg, image/*' },
  });
  assert.equal(response.status, 200);
  const body = Buffer.from(await response.arrayBuffer());
  const { width, height, format } = await sharp(body).metadata();
  assert.deepEqual([width, height, format], [40, 30, 'jpeg']);
  const headers = Object.fromEntries(response.headers);
  assert.equal(headers['content-type'], 'image/jpeg');
  assert.equal(headers['content-length'], String(body.length));
  assert.equal(headers['content-disposition'], 'inline; filename="holiday photo_x2.5.jpg"');
  assert.match(headers.vary ?? '', /\bAccept\b/);
  assert.match(
    headers['server-timing'] ?? '',
    /^queue;dur=\d+\.\d, decode;dur=1\.0, infer;dur=2\.0, blend;dur=3\.0, encode;dur=4\.0, turns;dur=0\.0$/,
  );
  assert.equal(headers['x-upscale-model'], 'fake-x4');
  assert.equal(headers['x-upscale-provider'], 'cpu');
  assert.equal(headers['x-upscale-scale'], '2.5');
  assert.equal(headers['x-upscale-steps'], 'network, resize');
  assert.equal(headers['x-upscale-tiles'], '2');
  assert.equal(headers['x-upscale-fallback'], 'false');
  assert.equal(headers['x-upscale-width'], '40');
  assert.equal(headers['x-upscale-height'], '30');
  assert.equal(
    headers['x-upscale-attempts'],
    'missing-x4;outcome=skipped;reason=not_installed;ms=0, fake-x4;provider=cpu;tile=512;outcome=served;ms=12',
  );
  assert.deepEqual(engine.tasks[0]?.options.accept, ['image/jpeg', 'image/webp']);
  await empty();
});

test('the image itself may be the body, with options in the query', async (t) => {
  const { origin, empty, reserved } = await startApp(t);
  for (const type of ['image/png', 'image/x-anything', 'application/octet-stream']) {
    const body = await picture();
    const response = await fetch(`${origin}/upscale?scale=3&format=png`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'content-type': type },
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-disposition'), 'inline; filename="image_x3.png"');
    const { width, format } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
    assert.deepEqual([width, format], [48, 'png']);
    assert.equal(reserved.at(-1), body.length);
  }
  await empty();
});

test('a body without a Content-Type is taken as the image', async (t) => {
  const { origin } = await startApp(t);
  for (const path of ['/upscale?format=png', '/jobs']) {
    const body = new Uint8Array(await picture());
    const response = await fetch(origin + path, { method: 'POST', body });
    assert.ok(response.ok, path);
    await response.arrayBuffer();
  }
  const text = await fetch(`${origin}/upscale`, { method: 'POST', body: new Uint8Array([1, 2, 3]) });
  assert.equal((await problem(text)).code, 'unsupported_image');
  const nothing = await fetch(`${origin}/upscale`, { method: 'POST' });
  assert.equal((await problem(nothing)).code, 'no_file');
  const nowhere = await fetch(`${origin}/nowhere`, { method: 'POST', body: new Uint8Array(3) });
  assert.equal((await problem(nowhere)).code, 'not_found');
});

test('a body of unknown length is counted as it streams', async (t) => {
  const { origin, empty } = await startApp(t, { MAX_UPLOAD_MB: '0.01' });
  const small = await picture();
  const stream = (bytes: Uint8Array) =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    });
  const send = (bytes: Uint8Array) =>
    fetch(`${origin}/upscale`, {
      method: 'POST',
      body: stream(bytes),
      duplex: 'half',
      headers: { 'content-type': 'image/png' },
    });
  assert.equal((await send(new Uint8Array(small))).status, 200);
  const refused = await problem(await send(new Uint8Array(20_000)));
  assert.equal(refused.code, 'upload_too_large');
  assert.equal(refused.status, 413);
  assert.equal(refused.accepted, 'at most 0.01 MB');
  await empty();
});

test('a dry run answers with the plan and computes nothing', async (t) => {
  const { origin, engine, empty } = await startApp(t);
  const response = await fetch(`${origin}/upscale?dry_run=true`, {
    method: 'POST',
    body: await form({ scale: '2' }),
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  const plan = (await response.json()) as Record<string, unknown>;
  assert.deepEqual([plan.width, plan.height, plan.model, plan.tiles], [32, 24, 'fake-x4', 1]);
  assert.deepEqual((plan.candidates as unknown[])[0], { model: 'missing-x4', skipReason: 'not_installed' });
  assert.equal(engine.tasks.length, 0);
  await empty();
});

test('an unknown, repeated or invalid option is an error that names it', async (t) => {
  const { origin, empty, reserved } = await startApp(t);
  const cases: readonly (readonly [
    query: string,
    fields: Record<string, string>,
    code: string,
    parameter: string,
  ])[] = [
    ['?scael=2', {}, 'unknown_option', 'scael'],
    ['', { scael: '2' }, 'unknown_option', 'scael'],
    ['?scale=2&scale=3', {}, 'repeated_option', 'scale'],
    ['?scale=2', { scale: '2' }, 'repeated_option', 'scale'],
    ['?scale=0.5', {}, 'invalid_option', 'scale'],
    ['?scale=9', {}, 'invalid_option', 'scale'],
    ['?timeout=601', {}, 'invalid_option', 'timeout'],
    ['?model=nope', {}, 'invalid_option', 'model'],
    ['', { quality: '101' }, 'invalid_option', 'quality'],
    ['', { background: 'blue' }, 'invalid_option', 'background'],
    ['?tile_size=64', { tile_overlap: '40' }, 'invalid_option', 'tile_overlap'],
  ];
  for (const [query, fields, code, parameter] of cases) {
    const response = await fetch(`${origin}/upscale${query}`, { method: 'POST', body: await form(fields) });
    assert.equal(response.status, 400, `${query} ${JSON.stringify(fields)}`);
    const body = await problem(response);
    assert.equal(body.code, code);
    assert.equal(body.parameter, parameter);
    assert.ok(String(body.detail).includes(`"${parameter}"`));
    if (code !== 'repeated_option') assert.ok(String(body.accepted).length > 0);
  }
  // Options in the query are judged before a place is taken.
  const before = reserved.length;
  await fetch(`${origin}/upscale?scale=0`, { method: 'POST', body: await form() });
  assert.equal(reserved.length, before);
  await empty();
});

test('errors of the engine get their status, and an internal one tells nothing', async (t) => {
  const { origin, engine, empty, logLines } = await startApp(t);
  const cases = [
    [new TesseraError('corrupt_image', 'The image is cut off.'), 400],
    [new TesseraError('fallback_refused', 'x4plus is not installed.'), 503],
    [new TesseraError('deadline_exceeded', 'Not ready in time.'), 504],
    [new TesseraError('disk_full', 'The disk is full.'), 507],
    [new Error('secret /path/to/model'), 500],
  ] as const;
  for (const [failure, status] of cases) {
    engine.failure = failure;
    const response = await fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
    assert.equal(response.status, status);
    const body = await problem(response);
    assert.doesNotMatch(JSON.stringify(body), /secret/);
    if (status === 500) {
      const line = logLines.find((entry) => entry.includes('secret'));
      assert.equal(JSON.parse(line ?? '{}').requestId, body.request_id);
    }
  }
  await empty();
});

test('a full queue is 503 with when to come back', async (t) => {
  const { origin, engine, empty } = await startApp(t, { MAX_RUNNING_JOBS: '1', MAX_QUEUED_JOBS: '0' });
  engine.hold();
  const first = fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
  await until(() => engine.tasks.length === 1, 'The engine has the task.');
  const refused = await fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  assert.equal((await problem(refused)).code, 'queue_full');
  engine.release();
  const served = await first;
  assert.equal(served.status, 200);
  await served.arrayBuffer();
  await empty();
});

test('a service that stops says when to come back', async (t) => {
  const { origin, jobs } = await startApp(t);
  await jobs.close(0);
  const response = await fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('retry-after'), '5');
  assert.equal((await problem(response)).code, 'shutting_down');
});

test('a client that leaves stops its job, and nothing stays', async (t) => {
  const { origin, engine, empty } = await startApp(t);
  engine.hold();
  const controller = new AbortController();
  const request = fetch(`${origin}/upscale`, {
    method: 'POST',
    body: await form(),
    signal: controller.signal,
  });
  await until(() => engine.tasks.length === 1, 'The engine has the task.');
  controller.abort();
  await assert.rejects(request, { name: 'AbortError' });
  await until(() => engine.cancelled.length === 1, 'The engine has cancelled the task.');
  assert.equal(engine.cancelled[0], engine.tasks[0]?.id);
  await empty();
});

test('a body of another type is refused: what was received, what is accepted, and for curl the way out', async (t) => {
  const { origin } = await startApp(t);
  const sent = ['text/plain', 'application/json; charset=utf-8', 'application/x-www-form-urlencoded'];
  for (const path of ['/upscale', '/jobs'])
    for (const type of sent) {
      const headers = { 'content-type': type };
      const response = await fetch(`${origin}${path}`, { method: 'POST', body: 'x=1', headers });
      assert.equal(response.status, 415);
      const { code, parameter, received, accepted, detail } = await problem(response);
      assert.deepEqual(
        { code, parameter, received },
        { code: 'unsupported_media_type', parameter: 'Content-Type', received: type },
      );
      assert.match(String(accepted), /multipart\/form-data.*image\/\*.*application\/octet-stream/);
      assert.ok(String(detail).includes(`"${type}"`));
      assert.equal(/With curl/.test(String(detail)), type.includes('urlencoded'));
    }
});

test('an empty Content-Type is none, and a form without a boundary is told that', async (t) => {
  const { origin } = await startApp(t);
  const send = async (type: string) =>
    fetch(`${origin}/upscale`, {
      method: 'POST',
      body: new Uint8Array(await picture()),
      headers: { 'content-type': type },
    });
  assert.equal((await send('')).status, 200);
  const refused = await problem(await send('multipart/form-data'));
  assert.equal(refused.code, 'malformed_multipart');
  assert.match(String(refused.detail), /without a boundary/);
});

test('a body that is compressed as a whole is refused before it is read, by the name of the header', async (t) => {
  const { origin, reserved } = await startApp(t);
  for (const path of ['/upscale', '/jobs'])
    for (const encoding of ['gzip', 'br', 'deflate, gzip', 'GZIP']) {
      const response = await fetch(`${origin}${path}`, {
        method: 'POST',
        body: new Uint8Array(gzipSync(await picture())),
        headers: { 'content-type': 'image/png', 'content-encoding': encoding },
      });
      assert.equal(response.status, 415, encoding);
      const { code, parameter, received, detail } = await problem(response);
      assert.deepEqual(
        { code, parameter, received },
        { code: 'unsupported_media_type', parameter: 'Content-Encoding', received: encoding },
      );
      assert.match(String(detail), /Content-Encoding/);
    }
  assert.deepEqual(reserved, []);
  for (const encoding of ['identity', 'Identity']) {
    const response = await fetch(`${origin}/upscale`, {
      method: 'POST',
      body: new Uint8Array(await picture()),
      headers: { 'content-type': 'image/png', 'content-encoding': encoding },
    });
    assert.equal(response.status, 200, encoding);
    await response.arrayBuffer();
  }
});

test('formats are understood by their usual names, in letters of any size, from the query and from the form', async (t) => {
  const { origin } = await startApp(t);
  const names = {
    jpg: 'jpeg',
    JPG: 'jpeg',
    jpe: 'jpeg',
    JFIF: 'jpeg',
    Jpeg: 'jpeg',
    tif: 'tiff',
    TIFF: 'tiff',
    WebP: 'webp',
    AUTO: 'jpeg',
  };
  for (const [name, format] of Object.entries(names)) {
    const asked = await fetch(`${origin}/upscale?format=${name}`, { method: 'POST', body: await form() });
    assert.equal(asked.headers.get('content-type'), `image/${format}`, name);
    await asked.arrayBuffer();
    const inForm = await fetch(`${origin}/upscale`, { method: 'POST', body: await form({ format: name }) });
    assert.equal(inForm.headers.get('content-type'), `image/${format}`, name);
    await inForm.arrayBuffer();
  }
  const unknown = await fetch(`${origin}/upscale?format=heic`, { method: 'POST', body: await form() });
  const { code, accepted } = await problem(unknown);
  assert.deepEqual([code, accepted], ['invalid_option', 'auto, jpeg, png, webp, avif, tiff']);
});

test('the API document names every spelling of a format', async (t) => {
  const { origin } = await startApp(t);
  const document = (await (await fetch(`${origin}/openapi.json`)).json()) as {
    paths: Record<string, { post: { parameters: { name: string; schema: { enum?: string[] } }[] } }>;
  };
  for (const path of ['/upscale', '/jobs']) {
    const format = document.paths[path]?.post.parameters.find(({ name }) => name === 'format');
    assert.ok(format?.schema.enum?.includes('jpg') && format.schema.enum.includes('tif'), path);
  }
});

test('what was to be kept and could not is named by the answer, also by that of a job', async (t) => {
  const { origin, engine } = await startApp(t);
  const asked = () => form({ metadata: 'keep', profile: 'keep' });
  const kept = await fetch(`${origin}/upscale`, { method: 'POST', body: await asked() });
  assert.equal(kept.headers.get('x-upscale-not-kept'), null);
  await kept.arrayBuffer();
  const { metadata, profile } = engine.tasks.at(-1)?.options ?? {};
  assert.deepEqual([metadata, profile], ['keep', 'keep']);
  engine.answer = { notKept: ['exif', 'profile'], droppedPages: 3 };
  const lacking = await fetch(`${origin}/upscale`, { method: 'POST', body: await asked() });
  assert.equal(lacking.headers.get('x-upscale-not-kept'), 'exif, profile');
  await lacking.arrayBuffer();
  const { jobs } = (await (
    await fetch(`${origin}/jobs?profile=keep`, { method: 'POST', body: await form() })
  ).json()) as { jobs: { id: string }[] };
  const view = async () =>
    (await (await fetch(`${origin}/jobs/${jobs[0]?.id}`)).json()) as {
      result?: { notKept?: string[]; droppedPages?: number };
    };
  await until(async () => (await view()).result !== undefined, 'The job has a result.');
  assert.deepEqual((await view()).result?.notKept, ['exif', 'profile']);
  assert.equal((await view()).result?.droppedPages, 3);
  const result = await fetch(`${origin}/jobs/${jobs[0]?.id}/result`);
  assert.equal(result.headers.get('x-upscale-not-kept'), 'exif, profile');
  await result.arrayBuffer();
});

test('a profile that is neither sRGB nor kept is refused by name', async (t) => {
  const { origin } = await startApp(t);
  const response = await fetch(`${origin}/upscale?profile=p3`, { method: 'POST', body: await form() });
  const { code, parameter, accepted } = await problem(response);
  assert.deepEqual([code, parameter, accepted], ['invalid_option', 'profile', 'srgb, keep']);
});
