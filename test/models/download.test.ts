import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, test } from 'node:test';
import { downloadModel } from '../../src/models/download/download.js';
import { holdLock } from '../../src/models/download/file-lock.js';
import { downloads, entryFor, FILE, fails, PART } from './download-rig.js';
import { breaksAfter, ignoresRange, stallsAfter, wellBehaved } from './file-server.js';

describe('the download of a model', () => {
  const { path, names, serve, options, assertArrived } = downloads();

  test('arrives whole, with progress, and is not fetched again', async () => {
    const server = await serve(wellBehaved);
    const progress: number[] = [];
    const onProgress = (received: number): void => {
      progress.push(received);
    };
    assert.equal(await downloadModel(entryFor(server.url), options({ onProgress })), 'downloaded');
    await assertArrived();
    assert.equal(progress.at(-1), FILE.length);
    assert.equal(await downloadModel(entryFor(server.url), options()), 'present');
    assert.deepEqual(server.requests, ['/a/net.onnx']);
  });

  test('goes on where the connection broke, as often as it gets further', async () => {
    const stall = stallsAfter(80_000);
    const server = await serve(stall, stall, stall, wellBehaved);
    // Cut when all has been received: what is still on its way is lost with a connection.
    const onProgress = (received: number): void => {
      if (received % 80_000 === 0) server.cut();
    };
    await downloadModel(entryFor(server.url), options({ retryDelaysMs: [1], onProgress }));
    await assertArrived();
    assert.deepEqual(server.requests, [
      '/a/net.onnx',
      '/a/net.onnx bytes=80000-',
      '/a/net.onnx bytes=160000-',
      '/a/net.onnx bytes=240000-',
    ]);
  });

  test('goes on after the process was restarted, from what the former one left', async () => {
    const server = await serve(wellBehaved);
    await writeFile(path(PART), FILE.subarray(0, 100_000));
    await downloadModel(entryFor(server.url), options());
    await assertArrived();
    assert.deepEqual(server.requests, ['/a/net.onnx bytes=100000-']);
  });

  test('starts again from nothing when what was left turns out wrong', async () => {
    const server = await serve(wellBehaved);
    await writeFile(path(PART), randomBytes(100_000));
    await downloadModel(entryFor(server.url), options());
    await assertArrived();
    assert.deepEqual(server.requests, ['/a/net.onnx bytes=100000-', '/a/net.onnx']);
  });

  test('copes with a server that ignores ranges', async () => {
    const server = await serve(breaksAfter(50_000), ignoresRange);
    await downloadModel(entryFor(server.url), options());
    await assertArrived();
  });

  test('treats a stalled connection as broken', async () => {
    const server = await serve(stallsAfter(70_000), wellBehaved);
    await downloadModel(entryFor(server.url), options({ stallMs: 500 }));
    await assertArrived();
    assert.deepEqual(server.requests, ['/a/net.onnx', '/a/net.onnx bytes=70000-']);
    const mute = await serve(() => undefined);
    await assert.rejects(
      downloadModel(entryFor(mute.url, { file: 'other.onnx' }), options({ stallMs: 50, retryDelaysMs: [] })),
      fails('network', /nothing came for 0.05 s/),
    );
  });

  test('two downloads at once fetch the file once', async () => {
    const server = await serve(wellBehaved);
    const outcomes = await Promise.all([1, 2, 3].map(() => downloadModel(entryFor(server.url), options())));
    assert.deepEqual(outcomes.sort(), ['downloaded', 'present', 'present']);
    assert.equal(server.requests.length, 1);
    await assertArrived();
  });

  test('the lock of a living process is not taken over when the clock is set a day ahead', async (t) => {
    const lock = path('.download-net.onnx.lock');
    const held = await holdLock(lock, new AbortController().signal);
    const now = Date.now;
    t.mock.method(Date, 'now', () => now() + 86_400_000);
    // As long as it takes to look on, and some more.
    await assert.rejects(holdLock(lock, AbortSignal.timeout(6000)));
    assert.ok(existsSync(lock));
    await held.release();
  });

  test('the lock of a dead process is taken over', async () => {
    const server = await serve(wellBehaved);
    const lock = path('.download-net.onnx.lock');
    await writeFile(lock, '');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lock, longAgo, longAgo);
    await downloadModel(entryFor(server.url), options());
    await assertArrived();
  });

  test('an abort stops the download, and the next one resumes it', async () => {
    const server = await serve(stallsAfter(70_000), wellBehaved);
    const controller = new AbortController();
    const onProgress = (received: number): void => {
      if (received === 70_000) controller.abort();
    };
    await assert.rejects(
      downloadModel(entryFor(server.url), options({ signal: controller.signal, onProgress })),
      fails('aborted', /stopped/),
    );
    assert.deepEqual(await names(), [PART]);
    await downloadModel(entryFor(server.url), options());
    await assertArrived();
  });

  test('a mirror is asked by file name; a model without an address needs one', async () => {
    const server = await serve(wellBehaved);
    await downloadModel(entryFor('http://127.0.0.1:9'), options({ mirror: `${server.url}/models/` }));
    assert.deepEqual(server.requests, ['/models/net.onnx']);
    await assert.rejects(
      downloadModel(entryFor(undefined, { file: 'own.onnx' }), options()),
      fails('no_source', /no address/),
    );
  });

  test('goes through the proxy of the environment', async () => {
    const server = await serve(wellBehaved);
    let tunnels = 0;
    const proxy = createServer().on('connect', (request, client) => {
      tunnels += 1;
      const [host, port] = String(request.url).split(':');
      const upstream = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    process.env.HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      await downloadModel(entryFor(server.url), options());
      assert.equal(tunnels, 1);
      process.env.NO_PROXY = '127.0.0.1';
      await downloadModel(entryFor(server.url, { file: 'second.onnx' }), options());
      assert.equal(tunnels, 1);
    } finally {
      delete process.env.HTTP_PROXY;
      delete process.env.NO_PROXY;
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    }
  });
});
