import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { atEnd } from '../at-end.js';
import { imageForm, photo } from '../e2e/pictures.js';
import { startServer } from '../e2e/server-process.js';
import { gone, linuxOnly } from '../processes.js';
import { within } from '../until.js';
import { makePictures, startAttack } from './attack.js';
import { assertAllowed } from './hostile-answer.js';
import { ANSWERED, REFUSED } from './inputs/catalogue.js';
import { processesOf, watchMemory } from './memory-watch.js';

const ATTACKERS = 4;
const GOOD_PICTURES = 10;
const PICTURES = [...REFUSED, ...ANSWERED];

let folder = '';
before(async () => {
  folder = await makePictures(PICTURES);
});
after(() => rm(folder, { recursive: true, force: true }));

test('a good client gets every picture while four attackers upload', linuxOnly, async (t) => {
  const server = await startServer(t, { ENGINE_MEMORY_MB: '2000' });
  const { pid } = server.child;
  assert.ok(pid !== undefined);
  const memory = watchMemory(pid);
  atEnd(t, () => memory.end());
  const attack = startAttack(server.origin, folder, ATTACKERS);
  atEnd(t, () => attack.end());
  await attack.until(ATTACKERS);

  for (let number = 0; number < GOOD_PICTURES; number += 1) {
    const answersBefore = attack.answers.length;
    const image = await photo(number, 256, 192);
    const response = await fetch(`${server.origin}/upscale`, { method: 'POST', body: imageForm(image) });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-upscale-fallback'), 'false');
    const { width, height } = await sharp(Buffer.from(await response.arrayBuffer())).metadata();
    assert.deepEqual([width, height], [1024, 768]);
    // The attack goes on.
    await attack.until(answersBefore + ATTACKERS);
  }
  await attack.until(PICTURES.length);
  await attack.end();
  memory.end();

  for (const answer of attack.answers) assertAllowed(answer);
  await server.clean();
  assert.equal((await fetch(`${server.origin}/health/ready`)).status, 200);
  assert.equal((await server.health()).engine.restarts, 0);
  const { server: serverMb, engine, header } = memory.peaksMb;
  t.diagnostic(
    `${attack.answers.length} answers; peaks in MB: server ${serverMb}, engine ${engine}, header process ${header}`,
  );
  assert.ok(serverMb < 300, `the server had ${serverMb} MB`);
  assert.ok(engine < 2000, `an engine had ${engine} MB`);
  assert.ok(header < 350, `a header process had ${header} MB`);
});

test('SIGTERM ends the service while four attackers upload', linuxOnly, async (t) => {
  // The server kills itself a little after the grace period; a busy machine needs longer for an orderly end.
  const server = await startServer(t, { SHUTDOWN_DELAY_SECONDS: '1', SHUTDOWN_GRACE_SECONDS: '60' });
  const { pid } = server.child;
  assert.ok(pid !== undefined);
  const attack = startAttack(server.origin, folder, ATTACKERS);
  atEnd(t, () => attack.end());
  await attack.until(2 * ATTACKERS);
  const processes = processesOf(pid);
  assert.ok(
    processes.some(({ kind }) => kind === 'engine') && processes.some(({ kind }) => kind === 'header'),
  );
  server.child.kill('SIGTERM');
  assert.equal(await within(server.exited, 'The server ends.'), 0);
  for (const each of processes) await gone(each.pid);
  for (const answer of attack.answers) assertAllowed(answer);
  assert.deepEqual(await server.leftovers(), []);
});
