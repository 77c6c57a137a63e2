import assert from 'node:assert/strict';
import test from 'node:test';
import { form, startApp } from './harness.js';
import { create, ended, type Json } from './job-client.js';

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
