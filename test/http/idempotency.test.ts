import assert from 'node:assert/strict';
import test from 'node:test';
import { form, picture, startApp } from './harness.js';
import { codeOf, create, type View } from './job-client.js';

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
