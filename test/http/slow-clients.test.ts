import assert from 'node:assert/strict';
import test from 'node:test';
import { atEnd } from '../at-end.js';
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
};

for (const [what, attack] of Object.entries(attacks)) {
  test(`${what} shut out nobody`, async (t) => {
    const { origin, until, jobs } = await startApp(t);
    const slow = trickle(origin, { ...attack, start: START, pieceBytes: 1, everyMs: 500 });
    atEnd(t, () => slow.end());
    await until(() => jobs.status().uploading === 16);
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
