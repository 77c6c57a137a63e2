import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { packageRoot } from '../../src/host/package-root.js';
import { atEnd } from '../at-end.js';
import { gone, isRunning } from '../processes.js';
import { until, within } from '../until.js';
import { imageForm, photo } from './pictures.js';

/** What a checkout has of the service. */
const SOURCES = ['package.json', 'tsconfig.json', 'scripts', 'src', 'models'];

test('npm start builds and serves; SIGTERM to npm ends the service in good order', async (t) => {
  const checkout = await mkdtemp(join(tmpdir(), 'tessera-npm-'));
  atEnd(t, () => rm(checkout, { recursive: true, force: true }));
  for (const name of SOURCES) await cp(join(packageRoot(), name), join(checkout, name), { recursive: true });
  await symlink(join(packageRoot(), 'node_modules'), join(checkout, 'node_modules'));
  const npm = spawn('npm', ['start'], {
    cwd: checkout,
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', LOG_DIR: '', MODELS_DOWNLOAD: 'off' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(npm, 'exit');
  const said: { readonly msg: string; readonly pid?: number }[] = [];
  const lines = createInterface({ input: npm.stdout });
  const ended = once(lines, 'close');
  lines.on('line', (line) => {
    // npm begins with the name of what it runs.
    if (line.startsWith('{')) said.push(JSON.parse(line));
  });
  const isReady = until(() => said.some(({ msg }) => msg === 'ready'), 'The service is ready.');
  await Promise.race([isReady, ended.then(() => assert.fail('npm start ended early'))]);
  const server = said.find(({ msg }) => msg === 'starting')?.pid;
  assert.ok(server !== undefined);
  atEnd(t, () => isRunning(server) && process.kill(server, 'SIGKILL'));
  const origin = said.find(({ msg }) => msg.startsWith('Server listening at '))?.msg.slice(20);
  const response = await fetch(`${origin}/upscale`, { method: 'POST', body: imageForm(await photo(20)) });
  assert.equal(response.status, 200);
  await response.arrayBuffer();
  npm.kill('SIGTERM');
  await exited;
  await gone(server);
  await within(ended, 'The output of npm ends.');
  assert.equal(said.at(-1)?.msg, 'stopped');
});
