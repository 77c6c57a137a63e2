import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { packageRoot } from '../../src/host/package-root.js';
import { atEnd } from '../at-end.js';
import { PATIENCE_MS } from '../until.js';
import { imageForm, photo } from './pictures.js';
import { startServer } from './server-process.js';

const SERVER = join(packageRoot(), 'build/src/server.js');

function runServer(settings: Record<string, string>) {
  return spawnSync(process.execPath, [SERVER], {
    env: { ...process.env, LOG_DIR: '', MODELS_DOWNLOAD: 'off', ...settings },
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
}

test('a bad configuration is told in full, and the exit code is 2', () => {
  const { status, stderr, stdout } = runServer({ PORT: 'eighty', MAX_UPLOAD_MB: '0', LOG_LEVEL: 'loud' });
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^The configuration has 3 problems:\n {2}- PORT is "eighty"; expected a whole number from 0 to 65535\./,
  );
  assert.match(stderr, /LOG_LEVEL is "loud"/);
  assert.match(stderr, /MAX_UPLOAD_MB is "0"/);
  assert.doesNotMatch(stderr, /\n\s+at /);
});

test('a port that is taken ends the server with an error, and no engine stays', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-start-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => taken.close());
  const address = taken.address();
  assert.ok(address !== null && typeof address === 'object');
  const { status, stderr, stdout } = runServer({
    HOST: '127.0.0.1',
    PORT: String(address.port),
    TEMP_DIR: folder,
  });
  assert.equal(status, 1);
  assert.equal(
    stderr,
    `Cannot listen on HOST 127.0.0.1, PORT ${address.port}: another program listens there; end it, or choose another PORT (EADDRINUSE).\n`,
  );
  assert.doesNotMatch(stdout, /\n\s+at /);
  assert.deepEqual(await readdir(folder), []);
});

test('a TEMP_DIR that cannot be written ends the server with a sentence', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-start-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  // A file where the folder should be fails for every user, root included.
  await writeFile(join(folder, 'file'), '');
  const { status, stderr } = runServer({ PORT: '0', TEMP_DIR: join(folder, 'file') });
  assert.equal(status, 1);
  assert.equal(stderr, `TEMP_DIR ${join(folder, 'file')} cannot be written: it is a file (EEXIST).\n`);
});

test('a TEMP_DIR where no folder can be ends the server with a sentence too, and does not spin', () => {
  const { status, stderr } = runServer({ PORT: '0', TEMP_DIR: '/proc/tessera' });
  assert.equal(status, 1);
  assert.equal(stderr, 'TEMP_DIR /proc/tessera cannot be written: there can be no such folder (ENOENT).\n');
});

test('problems of the chain and of hosts for callbacks stand beside those of other variables', () => {
  const { status, stderr } = runServer({
    PORT: 'abc',
    MODEL_CHAIN: 'auto,xyz',
    CALLBACK_HOSTS: 'hooks.example:99999',
    CALLBACK_SECRET: 'key',
  });
  assert.equal(status, 2);
  assert.match(stderr, /^The configuration has 3 problems:\n/);
  assert.match(stderr, /\n {2}- PORT is "abc"/);
  assert.match(stderr, /\n {2}- CALLBACK_HOSTS is "hooks\.example:99999"/);
  assert.match(stderr, /\n {2}- MODEL_CHAIN names xyz; expected some of auto, /);
});

test('the log goes to rotated files too', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-logs-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  const server = await startServer(t, { LOG_DIR: folder });
  const response = await fetch(`${server.origin}/upscale`, {
    method: 'POST',
    body: imageForm(await photo(20)),
  });
  assert.equal(response.status, 200);
  await response.arrayBuffer();
  server.child.kill('SIGTERM');
  assert.equal(await server.exited, 0);
  const [name] = await readdir(folder);
  assert.match(name ?? '', /^tessera\.\d+\.log$/);
  const lines = (await readFile(join(folder, name ?? ''), 'utf8')).trim().split('\n');
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  for (const message of ['starting', 'ready', 'upscaled', 'request', 'stopping', 'stopped']) {
    assert.ok(messages.includes(message), message);
  }
});

test('where LOG_DIR cannot be written, one warning, and standard output has the log', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-logs-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  // A file where the folder should be fails for every user, root included.
  await writeFile(join(folder, 'file'), '');
  for (const unwritable of [join(folder, 'file'), '/proc/tessera-logs']) {
    const server = await startServer(t, { LOG_DIR: unwritable });
    const warnings = server.log.filter(({ msg }) => msg === 'no log files: LOG_DIR cannot be written');
    assert.equal(warnings.length, 1, unwritable);
    server.child.kill('SIGTERM');
    assert.equal(await server.exited, 0);
    assert.equal(server.log.at(-1)?.msg, 'stopped');
  }
});
