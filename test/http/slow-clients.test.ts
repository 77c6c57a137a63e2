import assert from 'node:assert/strict';
import test from 'node:test';
import { atEnd } from '../at-end.js';
import { until } from '../until.js';
import { form, startApp } from './harness.js';
import { trickle } from './trickle.js';

const GOOD_REQUESTS = 128;

const START = [
  'POST /upscale HTTP/1.1',
  'Host: t',
  'Content-Type: image/png',
  'Content-Length: 50000',
  '',
  'x',
].join('\r\n');

const several = Array.from({ length: 64 }, (_, number) => `127.0.1.${number + 1}`);

const attacks = {
  '16 trickling sockets of one client, the good one’s own address': { sockets: 16, addresses: ['127.0.0.1'] },
  '64 trickling sockets of one client': { sockets: 64, addresses: ['127.0.1.1'] },
  '16 trickling sockets of as many clients': { sockets: 16, addresses: several.slice(0, 16) },
  '64 trickling sockets of as many clients': { sockets: 64, addresses: several },
  '64 sockets of as many clients that fall silent after 5 kB': {
    sockets: 64,
    addresses: several,
    start: START + 'x'.repeat(5000),
  },
};

for (const [what, attack] of Object.entries(attacks)) {
  test(`${what} shut out nobody`, async (t) => {
    const { origin, jobs } = await startApp(t);
    const slow = trickle(origin, { start: START, pieceBytes: 1, everyMs: 500, ...attack });
    atEnd(t, () => slow.end());
    await until(() => jobs.status().uploading === 16, '16 uploads are under way.');
    const statuses: number[] = [];
    let left = GOOD_REQUESTS;
    const sender = async () => {
      while (left-- > 0) {
        const response = await fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
        await response.arrayBuffer();
        statuses.push(response.status);
      }
    };
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: 8 }, sender));
    t.diagnostic(`${Math.round(performance.now() - startedMs)} ms, ${slow.refusals} refusals`);
    assert.deepEqual(
      statuses.filter((status) => status !== 200),
      [],
    );
    assert.equal(statuses.length, GOOD_REQUESTS);
    assert.ok(slow.refusals > 0);
    for (const answer of slow.answers) assert.match(answer, /^HTTP\/1\.1 503 .*retry-after: \d/is);
  });
}

/** Good senders of large pictures on slow but honest lines, which end none of their uploads while the test lasts. */
const STEADY = {
  start: START.replace('50000', '5000000') + 'x'.repeat(5000),
  pieceBytes: 200,
  everyMs: 100,
};

test('a client that holds all places gives one to another client, though none of its uploads is slow', async (t) => {
  const { origin, jobs } = await startApp(t);
  const busy = trickle(origin, { ...STEADY, sockets: 16, addresses: ['127.0.1.1'] });
  atEnd(t, () => busy.end());
  await until(() => jobs.status().uploading === 16, '16 uploads are under way.');
  const response = await fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
  assert.equal(response.status, 200);
  await response.arrayBuffer();
  assert.equal(busy.refusals, 1);
  assert.match(busy.answers[0] ?? '', /^HTTP\/1\.1 503 .*the slowest.*queue_full/s);
});

test('where nobody has more than the newcomer and none is slow, the newcomer is refused', async (t) => {
  const { origin, jobs } = await startApp(t, { MAX_CONCURRENT_UPLOADS: '4' });
  const busy = trickle(origin, { ...STEADY, sockets: 4, addresses: several });
  atEnd(t, () => busy.end());
  await until(() => jobs.status().uploading === 4, '4 uploads are under way.');
  const refused = await fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  assert.equal(((await refused.json()) as { code: string }).code, 'queue_full');
  assert.equal(busy.refusals, 0);
});

test('with API_KEYS the places are shared among keys, whatever the address', async (t) => {
  const { origin, jobs } = await startApp(t, { API_KEYS: 'a,b', MAX_CONCURRENT_UPLOADS: '4' });
  const start = STEADY.start.replace('Host: t', 'Host: t\r\nX-API-Key: a');
  const busy = trickle(origin, { ...STEADY, start, sockets: 4, addresses: several });
  atEnd(t, () => busy.end());
  await until(() => jobs.status().uploading === 4, '4 uploads are under way.');
  const statusFor = async (key: string) => {
    const headers = { 'x-api-key': key };
    const response = await fetch(`${origin}/upscale`, { method: 'POST', headers, body: await form() });
    await response.arrayBuffer();
    return response.status;
  };
  assert.equal(await statusFor('a'), 503);
  assert.equal(busy.refusals, 0);
  assert.equal(await statusFor('b'), 200);
  assert.equal(busy.refusals, 1);
});

test('an upload below MIN_BYTES_PER_SECOND ends with 408, one above it goes on', async (t) => {
  const { origin, jobs, empty } = await startApp(t);
  const slow = trickle(origin, {
    start: START,
    pieceBytes: 5,
    everyMs: 100,
    sockets: 1,
    addresses: ['127.0.0.1'],
  });
  atEnd(t, () => slow.end());
  // As slow as honest connections come: 800 bytes a second.
  const honest = trickle(origin, {
    start: START,
    pieceBytes: 400,
    everyMs: 500,
    sockets: 1,
    addresses: ['127.0.0.1'],
  });
  atEnd(t, () => honest.end());
  await until(() => jobs.status().uploading === 2, '2 uploads are under way.');
  await until(() => slow.answers.length > 0, 'A slow client has its answer.');
  slow.end();
  assert.match(slow.answers[0] ?? '', /^HTTP\/1\.1 408 .*at least 500 bytes a second.*upload_timeout/s);
  assert.equal(honest.refusals, 0);
  honest.end();
  await empty();
});
