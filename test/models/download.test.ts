import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { BackgroundDownload } from '../../src/models/background-download.js';
import { type DownloadOptions, downloadModel } from '../../src/models/download.js';
import { DownloadError, type DownloadProblem } from '../../src/models/download-error.js';
import type { ModelEntry } from '../../src/models/manifest.js';
import { RecordingLog } from './chain-rig.js';
import {
  type Behaviour,
  breaksAfter,
  type FileServer,
  ignoresRange,
  serveFile,
  stallsAfter,
  wellBehaved,
} from './file-server.js';

const FILE = randomBytes(300_000);
const PART = `.download-net.onnx-${sha256(FILE).slice(0, 8)}.part`;

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function entryFor(url: string | undefined, changes: Partial<ModelEntry> = {}): ModelEntry {
  return {
    name: 'net',
    title: 'Net',
    family: 'custom',
    scale: 4,
    licence: 'MIT',
    file: 'net.onnx',
    bytes: FILE.length,
    sha256: sha256(FILE),
    confirmed: true,
    input: 'x',
    output: 'y',
    layout: 'nchw',
    dtype: 'float32',
    range: 1,
    sizeRequirements: { minimum: 1, multipleOf: 1 },
    overlapPx: 8,
    ...(url === undefined ? {} : { url: `${url}/a/net.onnx` }),
    ...changes,
  };
}

describe('the download of a model', () => {
  let folder: string;
  const servers: FileServer[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-download-'));
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
    await rm(folder, { recursive: true });
  });

  async function serve(...behaviours: Behaviour[]): Promise<FileServer> {
    const server = await serveFile(FILE, behaviours);
    servers.push(server);
    return server;
  }
  function options(changes: Partial<DownloadOptions> = {}): DownloadOptions {
    return {
      modelsFolder: folder,
      mirror: '',
      signal: new AbortController().signal,
      stallMs: 2000,
      retryDelaysMs: [1, 1],
      ...changes,
    };
  }
  const assertArrived = async (): Promise<void> => {
    assert.deepEqual(await readdir(folder), ['net.onnx']);
    assert.ok(FILE.equals(await readFile(join(folder, 'net.onnx'))));
  };
  const fails = (problem: DownloadProblem, message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof DownloadError, String(error));
    assert.match(error.message, message);
    assert.equal(error.problem, problem);
    return true;
  };

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
    await writeFile(join(folder, PART), FILE.subarray(0, 100_000));
    await downloadModel(entryFor(server.url), options());
    await assertArrived();
    assert.deepEqual(server.requests, ['/a/net.onnx bytes=100000-']);
  });

  test('starts again from nothing when what was left turns out wrong', async () => {
    const server = await serve(wellBehaved);
    await writeFile(join(folder, PART), randomBytes(100_000));
    await downloadModel(entryFor(server.url), options());
    await assertArrived();
    assert.deepEqual(server.requests, ['/a/net.onnx bytes=100000-', '/a/net.onnx']);
  });

  test('copes with a server that ignores ranges', async () => {
    const server = await serve(breaksAfter(50_000), ignoresRange);
    await downloadModel(entryFor(server.url), options());
    await assertArrived();
  });

  test('gives up on a server that never gets further', async () => {
    const server = await serve(breaksAfter(0));
    await assert.rejects(
      downloadModel(entryFor(server.url), options()),
      fails('network', /could not be downloaded/),
    );
    assert.equal(server.requests.length, 3);
    assert.deepEqual(await readdir(folder), []);
  });

  test('takes silence for a break', async () => {
    const server = await serve(stallsAfter(70_000), wellBehaved);
    await downloadModel(entryFor(server.url), options({ stallMs: 100 }));
    await assertArrived();
    assert.deepEqual(server.requests, ['/a/net.onnx', '/a/net.onnx bytes=70000-']);
    const mute = await serve(() => undefined);
    await assert.rejects(
      downloadModel(entryFor(mute.url, { file: 'other.onnx' }), options({ stallMs: 50, retryDelaysMs: [] })),
      fails('network', /nothing came for 0.05 s/),
    );
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

  test('refuses wrong bytes, and leaves nothing of them', async () => {
    const wrong = await serve((request, response) =>
      wellBehaved(request, response, randomBytes(FILE.length)),
    );
    await assert.rejects(
      downloadModel(entryFor(wrong.url), options()),
      fails('wrong_bytes', /another sha256/),
    );
    assert.deepEqual(await readdir(folder), []);
    assert.equal(wrong.requests.length, 1);
  });

  test('refuses another length: announced, or given beyond the announced end', async () => {
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
    assert.deepEqual(await readdir(folder), []);
  });

  test('refuses another part of the file than was asked for', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(206, { 'content-range': `bytes 7-99/${FILE.length}` });
      response.end(FILE.subarray(7, 100));
    });
    await writeFile(join(folder, PART), FILE.subarray(0, 100_000));
    await assert.rejects(downloadModel(entryFor(server.url), options()), fails('refused', /another part/));
    assert.deepEqual(await readdir(folder), []);
  });

  test('a full disk leaves nothing behind', {
    skip: process.platform === 'linux' ? false : 'needs /dev/full',
  }, async () => {
    const server = await serve(wellBehaved);
    // Every write to /dev/full fails as on a full disk.
    await symlink('/dev/full', join(folder, PART));
    await assert.rejects(
      downloadModel(entryFor(server.url), options()),
      fails('disk_full', /needs 300000 bytes/),
    );
    assert.deepEqual(await readdir(folder), []);
  });

  test('a folder that cannot be written is told of', {
    skip: process.getuid?.() === 0 ? 'the superuser can write everywhere' : false,
  }, async () => {
    const server = await serve(wellBehaved);
    await chmod(folder, 0o500);
    try {
      await assert.rejects(downloadModel(entryFor(server.url), options()), fails('not_writable', /EACCES/));
    } finally {
      await chmod(folder, 0o700);
    }
  });

  test('a folder that is not there is told of', async () => {
    const server = await serve(wellBehaved);
    await assert.rejects(
      downloadModel(entryFor(server.url), options({ modelsFolder: join(folder, 'absent') })),
      fails('not_writable', /ENOENT/),
    );
  });

  test('two at once fetch it once', async () => {
    const server = await serve(wellBehaved);
    const outcomes = await Promise.all([1, 2, 3].map(() => downloadModel(entryFor(server.url), options())));
    assert.deepEqual(outcomes.sort(), ['downloaded', 'present', 'present']);
    assert.equal(server.requests.length, 1);
    await assertArrived();
  });

  test('the lock of a process that died is taken over', async () => {
    const server = await serve(wellBehaved);
    const lock = join(folder, '.download-net.onnx.lock');
    await writeFile(lock, '');
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lock, longAgo, longAgo);
    await downloadModel(entryFor(server.url), options());
    await assertArrived();
  });

  test('an abort stops it and keeps what came for the next time', async () => {
    const server = await serve(stallsAfter(70_000), wellBehaved);
    const controller = new AbortController();
    const onProgress = (received: number): void => {
      if (received === 70_000) controller.abort();
    };
    await assert.rejects(
      downloadModel(entryFor(server.url), options({ signal: controller.signal, onProgress })),
      fails('aborted', /stopped/),
    );
    assert.deepEqual(await readdir(folder), [PART]);
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

  describe('in the background', () => {
    const background = (entries: readonly ModelEntry[], log: RecordingLog, arrivals: string[]) =>
      new BackgroundDownload(entries, {
        modelsFolder: folder,
        mirror: '',
        stallMs: 2000,
        retryDelaysMs: [],
        log,
        onArrival: (model) => arrivals.push(model),
      });

    test('tells of each model that arrives', async () => {
      const server = await serve(wellBehaved);
      const arrivals: string[] = [];
      const log = new RecordingLog();
      const two = [entryFor(server.url), entryFor(server.url, { name: 'net2', file: 'net2.onnx' })];
      const downloads = background(two, log, arrivals);
      await downloads.done;
      assert.deepEqual(arrivals, ['net', 'net2']);
      assert.deepEqual(
        downloads.status().map(({ state, receivedBytes }) => [state, receivedBytes]),
        [
          ['arrived', FILE.length],
          ['arrived', FILE.length],
        ],
      );
      assert.equal(log.count('model downloaded'), 2);
    });

    test('being offline is one warning, whatever the number of models', async () => {
      // Port 9 of this machine: nobody listens.
      const offline = ['one', 'two', 'three'].map((name) =>
        entryFor('http://127.0.0.1:9', { name, file: `${name}.onnx` }),
      );
      const log = new RecordingLog();
      const downloads = background(offline, log, []);
      await downloads.done;
      assert.deepEqual(log.lines, ['models could not be downloaded; the service works with those it has']);
      assert.match(downloads.status()[0]?.detail ?? '', /one could not be downloaded/);
      assert.deepEqual(await readdir(folder), []);
    });

    test('closing it stops a download at once and says nothing', async () => {
      const server = await serve(stallsAfter(10));
      const log = new RecordingLog();
      const downloads = background([entryFor(server.url)], log, []);
      await downloads.close();
      assert.deepEqual(log.lines, []);
    });
  });
});
