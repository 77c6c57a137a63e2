import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageForm, photo } from '../e2e/pictures.js';
import { startServer } from '../e2e/server-process.js';
import { linuxOnly } from '../processes.js';
import { until } from '../until.js';
import { assertAllowed, type HostileAnswer, upload } from './hostile-answer.js';
import * as bmp from './inputs/bmp.js';
import { ANSWERED, REFUSED } from './inputs/catalogue.js';
import { progressiveScans } from './inputs/jpeg.js';
import { watchMemory } from './memory-watch.js';

const ENGINE_MEMORY_MB = 2000;

/** Of the request's own deadline. */
const DEADLINE_MS = 5000;
/** Until what cannot be stopped is left alone and its caller answered, and as much again and more for a busy machine. */
const PATIENCE_MS = 7000;

test('a service under hostile pictures, one after the other', linuxOnly, async (t) => {
  const server = await startServer(t, { ENGINE_MEMORY_MB: String(ENGINE_MEMORY_MB) });
  const { pid } = server.child;
  assert.ok(pid !== undefined);
  const before = await goodAnswer(server.origin);
  const memory = watchMemory(pid);
  const send = (picture: Buffer, query?: string): Promise<HostileAnswer> =>
    upload(server.origin, new Blob([new Uint8Array(picture)]), query);

  for (const { format, name, make } of REFUSED) {
    await t.test(`it refuses a ${format.toUpperCase()}: ${name}`, async () => {
      const { status, code, detail } = await send(make());
      assert.deepEqual([status, code], [400, 'unsupported_image'], detail);
    });
  }

  for (const { format, name, make } of ANSWERED) {
    await t.test(`it answers a ${format.toUpperCase()}: ${name}`, async () => {
      assertAllowed(await send(make()));
    });
  }

  // A scale of its own tells each one's line in the log.
  for (const [scale, name, make] of [
    [1.9, '24 MB of BMP runs of 8 bits', () => bmp.runsBeyondRow(8, 12_000_000)],
    [2, '24 MB of BMP runs of 4 bits', () => bmp.runsBeyondRow(4, 12_000_000)],
    [2.1, 'a JPEG of as many scans as are accepted', () => progressiveScans(7064, 64)],
  ] as const) {
    await t.test(`its deadline counts for ${name}`, async () => {
      const query = `?timeout=${DEADLINE_MS / 1000}&scale=${scale}`;
      const answer = await send(make(), query);
      assertAllowed(answer);
      // By the server's own clock; the line is written when the answer has gone, and read here a little later.
      const loggedMs = () =>
        server.log.find(({ url }) => url === `/upscale${query}`)?.ms as number | undefined;
      const ms = Number(await until(loggedMs, 'The log tells of the request.'));
      t.diagnostic(`${name}: ${answer.code ?? answer.status} after ${ms} ms`);
      assert.ok(ms < DEADLINE_MS + PATIENCE_MS, `${ms} ms`);
    });
  }

  await t.test('it stays within its memory, has not started anew, and serves as before', async () => {
    await server.clean();
    assert.deepEqual(await goodAnswer(server.origin), before);
    memory.end();
    const { server: serverMb, engine, header } = memory.peaksMb;
    t.diagnostic(`peaks in MB: server ${serverMb}, engine ${engine}, header process ${header}`);
    assert.ok(serverMb > 0 && serverMb < 300, `the server had ${serverMb} MB`);
    assert.ok(engine > 0 && engine < ENGINE_MEMORY_MB, `an engine had ${engine} MB`);
    assert.ok(header > 0 && header < 350, `a header process had ${header} MB`);
    assert.equal(server.child.exitCode, null);
    assert.equal((await fetch(`${server.origin}/health/ready`)).status, 200);
    assert.equal((await server.health()).engine.restarts, 0);
    await server.clean();
  });
});

/** The bytes of a good picture, enlarged. */
async function goodAnswer(origin: string): Promise<Buffer> {
  const response = await fetch(`${origin}/upscale?format=png`, {
    method: 'POST',
    body: imageForm(await photo(1)),
  });
  assert.equal(response.status, 200);
  return Buffer.from(await response.arrayBuffer());
}
