import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { atEnd } from '../at-end.js';
import { until } from '../until.js';
import { form, type Harness, startApp } from './harness.js';
import { create } from './job-client.js';

const ALICE = { 'x-api-key': 'alice' };
const BOB = { authorization: 'Bearer bob' };

/** Every route that names a job, as the API documents them, with the method of HEAD beside each GET. */
async function routes({
  origin,
}: Harness): Promise<readonly { method: string; path: (id: string) => string }[]> {
  const { paths } = (await (await fetch(`${origin}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  return Object.entries(paths)
    .filter(([path]) => path.includes('{id}'))
    .flatMap(([path, operations]) =>
      Object.keys(operations)
        .flatMap((method) => (method === 'get' ? ['get', 'head'] : [method]))
        .map((method) => ({ method: method.toUpperCase(), path: (id: string) => path.replace('{id}', id) })),
    );
}

/** All that an answer tells, but for the id of its request. */
async function answerOf(
  { origin }: Harness,
  { method, path }: { method: string; path: string },
  headers: Record<string, string>,
): Promise<unknown> {
  const response = await fetch(origin + path, { method, headers });
  const text = (await response.text()).replace(/"request_id":"[^"]*"/, '');
  const names = [...response.headers.keys()].filter((name) => !['x-request-id', 'date'].includes(name));
  return { status: response.status, text, headers: names.map((name) => [name, response.headers.get(name)]) };
}

async function stateOf({ origin }: Harness, id: string, headers: Record<string, string>): Promise<unknown> {
  const response = await fetch(`${origin}/jobs/${id}`, { headers });
  return response.status === 200 ? ((await response.json()) as { state: string }).state : response.status;
}

for (const [when, held] of [
  ['waits or is at work', true],
  ['has ended', false],
] as const) {
  test(`another key's job that ${when} answers on every route as a job that is not there, and stays`, async (t) => {
    const app = await startApp(t, { API_KEYS: 'alice,bob' });
    if (held) app.engine.hold();
    const { id } = await create(app, form(), ALICE);
    const state = held ? 'running' : 'succeeded';
    await until(async () => (await stateOf(app, id, ALICE)) === state, 'The job is in that state.');
    const all = await routes(app);
    assert.deepEqual(
      all.map(({ method, path }) => `${method} ${path('x')}`).sort(),
      [
        'DELETE /jobs/x',
        'GET /jobs/x',
        'GET /jobs/x/events',
        'GET /jobs/x/result',
        'HEAD /jobs/x',
        'HEAD /jobs/x/events',
        'HEAD /jobs/x/result',
      ],
      'a new route belongs into this test',
    );
    for (const { method, path } of all) {
      const missing = await answerOf(app, { method, path: path('A'.repeat(22)) }, BOB);
      const theirs = await answerOf(app, { method, path: path(id) }, BOB);
      assert.deepEqual(theirs, missing, `${method} ${path(id)}`);
      if (method !== 'HEAD') assert.match(JSON.stringify(theirs), /"status":404.*not_found/);
    }
    // Nor does a tag or a range that names the result.
    const tagged = { ...BOB, 'if-none-match': `"${id}"`, range: 'bytes=0-1' };
    const result = await fetch(`${app.origin}/jobs/${id}/result`, { headers: tagged });
    assert.equal(result.status, 404);
    assert.equal(await stateOf(app, id, ALICE), state);
    assert.equal((await fetch(`${app.origin}/jobs/${id}`, { headers: {} })).status, 401);

    app.engine.release();
    await until(async () => (await stateOf(app, id, ALICE)) === 'succeeded', 'The job has succeeded.');
    const statuses: string[] = [];
    for (const path of ['', '/events', '/result']) {
      const response = await fetch(`${app.origin}/jobs/${id}${path}`, { headers: ALICE });
      await response.arrayBuffer();
      statuses.push(`${path} ${response.status}`);
    }
    assert.deepEqual(statuses, [' 200', '/events 200', '/result 200']);
    const removal = await fetch(`${app.origin}/jobs/${id}`, { method: 'DELETE', headers: ALICE });
    assert.equal(removal.status, 204);
    await until(async () => (await stateOf(app, id, ALICE)) === 404, 'The job is no longer there.');
  });
}

test('a key is the same owner in either header', async (t) => {
  const app = await startApp(t, { API_KEYS: 'alice,bob' });
  const { id } = await create(app, form(), ALICE);
  assert.notEqual(await stateOf(app, id, { authorization: 'Bearer alice' }), 404);
});

test('jobs from before the keys stay everyone’s, and those of a key wait for it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-owners-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  const open = await startApp(t, { TEMP_DIR: folder });
  const { id: everyones } = await create(open);
  await until(async () => (await stateOf(open, everyones, {})) === 'succeeded', 'The job has succeeded.');
  await open.jobs.close(0);

  const keyed = await startApp(t, { TEMP_DIR: folder, API_KEYS: 'alice,bob' });
  for (const key of [ALICE, BOB]) assert.equal(await stateOf(keyed, everyones, key), 'succeeded');
  assert.equal(await stateOf(keyed, everyones, {}), 401);
  const { id: hers } = await create(keyed, form(), ALICE);
  await until(async () => (await stateOf(keyed, hers, ALICE)) === 'succeeded', 'The job has succeeded.');
  await keyed.jobs.close(0);

  const openAgain = await startApp(t, { TEMP_DIR: folder });
  assert.equal(await stateOf(openAgain, everyones, {}), 'succeeded');
  for (const headers of [{}, ALICE]) assert.equal(await stateOf(openAgain, hers, headers), 404);
  await openAgain.jobs.close(0);
  const keyedAgain = await startApp(t, { TEMP_DIR: folder, API_KEYS: 'alice' });
  assert.equal(await stateOf(keyedAgain, hers, ALICE), 'succeeded');
});
