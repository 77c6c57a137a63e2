import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { bodyOf, multipartRequest, openConnection, readAll, sendRaw, statusOf } from '../http/raw-request.js';
import { trickle } from '../http/trickle.js';
import { imageForm, photo } from './pictures.js';
import { startServer } from './server-process.js';

/** The head of a request with these headers. */
const head = (...lines: string[]) =>
  ['POST /upscale HTTP/1.1', 'Host: t', 'X-API-Key: key', ...lines, '', ''].join('\r\n');
const form = '--XX\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n';

test('a slow upload is 408, as a form and as a body, and leaves nothing', async (t) => {
  const server = await startServer(t, { UPLOAD_TIMEOUT_SECONDS: '0.5', API_KEYS: 'key' });
  for (const [type, start] of [
    ['multipart/form-data; boundary=XX', form],
    ['multipart/form-data; boundary=XX', '--XX\r\nContent-Dis'],
    ['image/png', 'some'],
  ]) {
    const socket = openConnection(server.origin);
    socket.write(head(`Content-Type: ${type}`, 'Content-Length: 50000') + start);
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    const answer = chunk.toString();
    assert.equal(statusOf(answer), 408, answer);
    assert.equal(bodyOf(answer).code, 'upload_timeout');
    socket.destroy();
  }
  await server.clean();
});

test('uploads that are cut off, too large or too many are refused, and leave nothing', async (t) => {
  const server = await startServer(t, { MAX_UPLOAD_MB: '1', MAX_CONCURRENT_UPLOADS: '2', API_KEYS: 'key' });
  const { origin } = server;

  await t.test('a client that leaves in the middle of its upload leaves nothing', async () => {
    const socket = openConnection(origin);
    socket.write(
      `${head('Content-Type: multipart/form-data; boundary=XX', 'Content-Length: 50000')}${form}abc`,
    );
    await server.until(({ queue }) => queue.uploading === 1);
    socket.destroy();
    await server.until(({ queue }) => queue.uploading === 0);
    await server.clean();
  });

  await t.test('uploads beyond MAX_CONCURRENT_UPLOADS are 503 with Retry-After', async () => {
    // Silent ones would make room for the third.
    const steady = trickle(origin, {
      start: head('Content-Type: image/png', 'Content-Length: 900000') + 'x'.repeat(5000),
      pieceBytes: 1000,
      everyMs: 50,
      sockets: 2,
      addresses: ['127.0.0.1'],
    });
    await server.until(({ queue }) => queue.uploading === 2);
    const refused = await fetch(`${origin}/upscale`, {
      method: 'POST',
      headers: { 'x-api-key': 'key' },
      body: imageForm(await photo(30)),
    });
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    await refused.body?.cancel();
    assert.equal(steady.refusals, 0);
    steady.end();
    await server.until(({ queue }) => queue.uploading === 0);
  });

  await t.test('a declared length over the limit is refused before the body is sent', async () => {
    const answer = await sendRaw(
      origin,
      head('Connection: close', 'Content-Type: image/png', 'Content-Length: 1000001', 'Expect: 100-continue'),
    );
    assert.equal(statusOf(answer), 413);
    assert.equal(bodyOf(answer).code, 'upload_too_large');
  });

  await t.test('a client that reads only after sending sees why its large upload was refused', async () => {
    const large = multipartRequest(
      Buffer.concat([Buffer.from(form), Buffer.alloc(20_000_000), Buffer.from('\r\n--XX--\r\n')]),
    );
    for (const [key, status] of [
      ['key', 413],
      ['wrong', 401],
    ] as const) {
      for (const connection of ['close', 'keep-alive']) {
        const socket = openConnection(origin);
        socket.pause();
        const text = large.toString('latin1').replace('Connection: close', `Connection: ${connection}`);
        const request = text.replace('Host: test', `Host: test\r\nX-API-Key: ${key}`);
        await new Promise((resolve) => socket.write(Buffer.from(request, 'latin1'), resolve));
        socket.resume();
        const [answer] = (await once(socket, 'data')) as [Buffer];
        assert.equal(statusOf(answer.toString()), status, connection);
        socket.destroy();
      }
    }
  });

  await t.test('bytes beyond the limit in a chunked form are refused as they come', async () => {
    const socket = openConnection(origin);
    socket.write(
      head(
        'Connection: close',
        'Content-Type: multipart/form-data; boundary=XX',
        'Transfer-Encoding: chunked',
      ),
    );
    const chunk = (bytes: Buffer) =>
      Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
    socket.write(chunk(Buffer.from(form)));
    socket.write(chunk(Buffer.alloc(1_000_001)));
    socket.write(chunk(Buffer.from('\r\n--XX--\r\n')));
    socket.write('0\r\n\r\n');
    assert.equal(statusOf(await readAll(socket)), 413);
  });
  await server.clean();

  const good = await fetch(`${origin}/upscale`, {
    method: 'POST',
    headers: { authorization: 'Bearer key' },
    body: imageForm(await photo(31)),
  });
  assert.equal(good.status, 200);
  await good.arrayBuffer();
  await server.clean();
});
