import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { atEnd } from '../at-end.js';
import { gone } from '../processes.js';
import { until, within } from '../until.js';
import { startServer } from './server-process.js';

it('SIGTERM ends the server though system calls in its threads never return', {
  skip: process.platform === 'win32' ? 'there are no named pipes in the file system' : false,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-stuck-'));
  atEnd(t, () => rm(folder, { recursive: true, force: true }));
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  // Opening a pipe that nobody writes to holds a thread for ever: all of libuv's four here, as a dead disk would.
  const preload = join(folder, 'stuck.mjs');
  await writeFile(
    preload,
    `import { open } from 'node:fs';
       process.once('SIGWINCH', () => {
         for (let thread = 0; thread < 4; thread++) open(${JSON.stringify(pipe)}, 'r', () => {});
         console.log(JSON.stringify({ msg: 'threads are stuck' }));
       });`,
  );
  const server = await startServer(
    t,
    { SHUTDOWN_GRACE_SECONDS: '1' },
    { nodeArguments: ['--import', preload] },
  );
  const { processes } = (await server.health()).engine;
  assert.equal(processes.length, 1);
  server.child.kill('SIGWINCH');
  await until(() => server.log.some(({ msg }) => msg === 'threads are stuck'), 'All threads are stuck.');
  server.child.kill('SIGTERM');
  await within(server.exited, 'The server ends.');
  for (const { pid } of processes) await gone(pid);
});
