import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cutOffSlowReader } from '../../src/http/jobs/slow-reader.js';
import { atEnd } from '../at-end.js';
import { until } from '../until.js';
import { form, startApp } from './harness.js';
import { bodyOf, openConnection, readAll, statusOf } from './raw-request.js';

test('the head of a request that does not come within 20 s is 408, and so is none at all', async (t) => {
  const { origin } = await startApp(t);
  const trickling = openConnection(origin);
  const timer = setInterval(() => trickling.write('X-A: b\r\n'), 1000);
  atEnd(t, () => clearInterval(timer));
  trickling.write('GET /health HTTP/1.1\r\nHost: t\r\n');
  for (const answer of await Promise.all([readAll(trickling), readAll(openConnection(origin))])) {
    assert.equal(statusOf(answer), 408);
    assert.equal(bodyOf(answer).code, 'invalid_request');
  }
});

test('connections beyond MAX_CONNECTIONS close those that have been idle for longest, never one at work', async (t) => {
  const { origin, engine } = await startApp(t, { MAX_CONNECTIONS: '20' });
  engine.hold();
  const working = fetch(`${origin}/upscale`, { method: 'POST', body: await form() });
  await until(() => engine.tasks.length > 0, 'The engine has the task.');
  const idle: Socket[] = [];
  const closed: number[] = [];
  for (let number = 0; number < 60; number += 1) {
    const socket = openConnection(origin);
    socket.once('close', () => closed.push(number)).resume();
    await once(socket, 'connect');
    idle.push(socket);
  }
  const response = await fetch(`${origin}/health/live`);
  assert.equal(response.status, 200);
  await until(() => closed.length >= 42, 'The oldest idle connections are closed.');
  assert.deepEqual(
    [...closed].sort((a, b) => a - b),
    Array.from({ length: 42 }, (_, number) => number),
  );
  engine.release();
  const answer = await working;
  assert.equal(answer.status, 200);
  await answer.arrayBuffer();
  for (const socket of idle) socket.destroy();
});

test('where all connections are at work, the address with the most gives one up, and else the newcomer', async (t) => {
  const { origin, engine } = await startApp(t, { MAX_CONNECTIONS: '4' });
  engine.hold();
  const created = await fetch(`${origin}/jobs`, { method: 'POST', body: await form() });
  const [job] = ((await created.json()) as { jobs: { id: string }[] }).jobs;
  const closed: number[] = [];
  // `fetch` has a connection to itself; it is idle now, so the first of these four ends it.
  const streams = await Promise.all(
    [0, 1, 2, 3].map(async (number) => {
      const socket = openConnection(origin, '127.0.1.1');
      socket.once('close', () => closed.push(number));
      socket.write(`GET /jobs/${job?.id}/events HTTP/1.1\r\nHost: t\r\n\r\n`);
      await once(socket, 'data');
      return socket.resume();
    }),
  );
  assert.equal((await fetch(`${origin}/health/live`)).status, 200);
  await until(() => closed.length === 1, 'One connection is closed.');
  const another = openConnection(origin, '127.0.1.1');
  another.write(`GET /jobs/${job?.id}/events HTTP/1.1\r\nHost: t\r\n\r\n`);
  await once(another, 'data');
  assert.equal(closed.length, 1);
  const refused = openConnection(origin, '127.0.1.1');
  await once(refused.resume(), 'close');
  assert.equal(closed.length, 1);
  for (const socket of [...streams, another]) socket.destroy();
});

/** A server whose answers are far larger than the buffers of the system. @returns the socket, and its end on the server's side. */
async function bigAnswer(
  t: TestContext,
  cut: (response: ServerResponse) => void,
): Promise<[Socket, ServerResponse]> {
  const responses: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    responses.push(response);
    cut(response);
    response.end(Buffer.alloc(50_000_000));
  });
  atEnd(t, () => server.closeAllConnections());
  atEnd(t, () => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = openConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  socket.write('GET / HTTP/1.1\r\nHost: t\r\n\r\n');
  await once(socket, 'readable');
  const [response] = responses;
  assert.ok(response !== undefined);
  return [socket, response];
}

const TERMS = { minBytesPerSecond: 1_000_000, maxMs: 600_000, windowMs: 500 };

test('a reader of a byte now and then is cut off', async (t) => {
  const [socket, response] = await bigAnswer(t, (answer) => cutOffSlowReader(answer, TERMS));
  const timer = setInterval(() => socket.read(1), 50);
  atEnd(t, () => clearInterval(timer));
  await once(response, 'close');
  assert.ok(socket.bytesRead < 50_000_000);
});

test('a reader that keeps the pace gets all, however late the server is', async (t) => {
  const [socket] = await bigAnswer(t, (answer) => cutOffSlowReader(answer, TERMS));
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await until(() => bytes >= 50_000_000, 'All bytes have come.');
  // For three windows the server has nothing to send.
  await sleep(3 * TERMS.windowMs);
  assert.equal(socket.destroyed, false);
  socket.destroy();
});

test('no reader takes longer than a result is kept', async (t) => {
  const [socket, response] = await bigAnswer(t, (answer) =>
    cutOffSlowReader(answer, { ...TERMS, minBytesPerSecond: 0, maxMs: 1000 }),
  );
  const timer = setInterval(() => socket.read(1000), 50);
  atEnd(t, () => clearInterval(timer));
  await once(response, 'close');
  assert.ok(socket.bytesRead < 50_000_000);
});
