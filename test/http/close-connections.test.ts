import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import Fastify from 'fastify';
import { closeConnectionsWhenDone } from '../../src/http/close-connections.js';
import { atEnd } from '../at-end.js';

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
  while (app.server.listening) await new Promise((resolve) => setImmediate(resolve));
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
