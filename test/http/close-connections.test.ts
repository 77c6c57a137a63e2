import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';
import Fastify from 'fastify';
import { closeConnectionsWhenDone } from '../../src/http/connection/close-connections.js';
import { atEnd } from '../at-end.js';
import { until } from '../until.js';

/** An app that says hello, and a connection to it over which nothing was sent yet. */
async function connected(t: TestContext, onTheirWayMs: number) {
  const app = Fastify({ return503OnClosing: false });
  closeConnectionsWhenDone(app, onTheirWayMs);
  app.get('/', async () => 'hello');
  await app.listen({ host: '127.0.0.1', port: 0 });
  const accepted = once(app.server, 'connection');
  const socket: Socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  atEnd(t, () => socket.destroy());
  atEnd(t, () => app.close());
  await accepted;
  return { app, socket };
}

test('a request that a connection was opened for is served, though the listener closes before it arrives', async (t) => {
  const { app, socket } = await connected(t, 600_000);
  const closed = app.close();
  await until(() => !app.server.listening, 'The listener is closed.');
  socket.write('GET / HTTP/1.1\r\nHost: tessera\r\n\r\n');
  const answer: string[] = [];
  for await (const bytes of socket) answer.push(String(bytes));
  assert.match(answer.join(''), /^HTTP\/1\.1 200 OK\r\n[\s\S]*hello$/);
  await closed;
});

test('a connection that brings no request does not keep the server open', async (t) => {
  const { app, socket } = await connected(t, 1);
  const ended = once(socket.resume(), 'close');
  await app.close();
  await ended;
});

/** Connects and sends a request; tells by `flag` that the system has both, and at the end what came back. */
const CLIENT = `
const { parentPort, workerData: { port, flag } } = require('node:worker_threads');
const socket = require('node:net').connect(port, '127.0.0.1');
let answer = '';
socket.on('data', (bytes) => { answer += bytes; });
socket.on('error', (error) => { answer = error.message; });
socket.on('close', () => parentPort.postMessage(answer));
socket.write('GET / HTTP/1.1\\r\\nHost: tessera\\r\\n\\r\\n', () => {
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
});
`;

test('a request is served that has come to the system when the listener closes, and not yet to the server', async (t) => {
  const app = Fastify({ return503OnClosing: false });
  closeConnectionsWhenDone(app);
  app.get('/', async () => 'hello');
  await app.listen({ host: '127.0.0.1', port: 0 });
  atEnd(t, () => app.close());
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const { port } = app.server.address() as AddressInfo;
  const client = new Worker(CLIENT, { eval: true, workerData: { port, flag } });
  const answered = once(client, 'message');
  // Meanwhile this thread accepts nothing, as a server that is busy.
  Atomics.wait(flag, 0, 0);
  await app.close();
  assert.match(String((await answered)[0]), /^HTTP\/1\.1 200 OK\r\n[\s\S]*hello$/);
});
