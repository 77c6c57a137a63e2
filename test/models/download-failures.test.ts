import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, symlink, writeFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { downloadModel } from '../../src/models/download/download.js';
import { interruption } from '../../src/models/download/download-error.js';
import { downloads, entryFor, FILE, fails, PART } from './download-rig.js';
import { type Behaviour, breaksAfter, wellBehaved } from './file-server.js';

describe('a download that fails', () => {
  const { path, names, serve, options, assertArrived } = downloads();

  test('gives up on a server that never sends more', async () => {
    const server = await serve(breaksAfter(0));
    await assert.rejects(
      downloadModel(entryFor(server.url), options()),
      fails('network', /could not be downloaded/),
    );
    assert.equal(server.requests.length, 3);
    assert.deepEqual(await names(), []);
  });

  test('tries again after 503, and not after 404', async () => {
    const status =
      (code: number): Behaviour =>
      (_request, response) => {
        response.writeHead(code).end();
      };
    const busy = await serve(status(503), wellBehaved);
    await downloadModel(entryFor(busy.url), options());
    await assertArrived();
    const gone = await serve(status(404));
    await assert.rejects(
      downloadModel(entryFor(gone.url, { file: 'other.onnx' }), options()),
      fails('refused', /answered 404/),
    );
    assert.equal(gone.requests.length, 1);
    await assertArrived();
  });

  test('refuses wrong bytes, and leaves no file', async () => {
    const wrong = await serve((request, response) =>
      wellBehaved(request, response, randomBytes(FILE.length)),
    );
    await assert.rejects(
      downloadModel(entryFor(wrong.url), options()),
      fails('wrong_bytes', /another sha256/),
    );
    assert.deepEqual(await names(), []);
    assert.equal(wrong.requests.length, 1);
  });

  test('refuses another length: announced, or sent beyond the announced end', async () => {
    const longer = await serve((request, response) =>
      wellBehaved(request, response, randomBytes(FILE.length + 5)),
    );
    await assert.rejects(
      downloadModel(entryFor(longer.url), options()),
      fails('wrong_bytes', /announced 300005 bytes/),
    );
    const endless = await serve((_request, response) => {
      response.writeHead(200);
      response.write(FILE);
      response.end(FILE);
    });
    await assert.rejects(downloadModel(entryFor(endless.url), options()), fails('wrong_bytes', /More came/));
    assert.deepEqual(await names(), []);
  });

  test('refuses another range than the requested one', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(206, { 'content-range': `bytes 7-99/${FILE.length}` });
      response.end(FILE.subarray(7, 100));
    });
    await writeFile(path(PART), FILE.subarray(0, 100_000));
    await assert.rejects(downloadModel(entryFor(server.url), options()), fails('refused', /another part/));
    assert.deepEqual(await names(), []);
  });

  test('a full disk leaves no file', {
    skip: process.platform === 'linux' ? false : 'needs /dev/full',
  }, async () => {
    const server = await serve(wellBehaved);
    // Every write to /dev/full fails as on a full disk.
    await symlink('/dev/full', path(PART));
    await assert.rejects(
      downloadModel(entryFor(server.url), options()),
      fails('disk_full', /needs 300000 bytes/),
    );
    assert.deepEqual(await names(), []);
  });

  test('says that a folder cannot be written', {
    skip: process.getuid?.() === 0 ? 'the superuser can write everywhere' : false,
  }, async () => {
    const server = await serve(wellBehaved);
    await chmod(path(), 0o500);
    try {
      await assert.rejects(
        downloadModel(entryFor(server.url), options()),
        fails('not_writable', /written: it may not be read or written by this user\.$/),
      );
    } finally {
      await chmod(path(), 0o700);
    }
  });

  test('describes a broken connection in words, for each system code', () => {
    const { signal } = new AbortController();
    const broken = (code: string, text: string) => {
      const cause = Object.assign(new Error(text), { code });
      return interruption(new TypeError('fetch failed', { cause }), signal)?.message ?? '';
    };
    assert.match(
      broken('ENOTFOUND', 'getaddrinfo ENOTFOUND x'),
      /^no address is known for the name of the server$/,
    );
    assert.match(broken('ECONNREFUSED', ''), /^nothing answers at the address of the server$/);
    assert.match(
      broken('CERT_HAS_EXPIRED', 'certificate has expired'),
      /certificate of the server has expired/,
    );
    assert.equal(broken('E_NEW', 'something new.'), 'something new');
    assert.equal(broken('E_NEW', ''), 'fetch failed');
  });

  test('says that no server answers', async () => {
    const server = await serve(wellBehaved);
    const { url } = server;
    await server.close();
    await assert.rejects(
      downloadModel(entryFor(url), options()),
      fails('network', /could not be downloaded: nothing answers at the address of the server\.$/),
    );
  });

  test('says that a folder does not exist', async () => {
    const server = await serve(wellBehaved);
    await assert.rejects(
      downloadModel(entryFor(server.url), options({ modelsFolder: path('absent') })),
      fails('not_writable', /written: there is no such file or folder\.$/),
    );
  });
});
