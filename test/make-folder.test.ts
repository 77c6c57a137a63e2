import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { makeFolder } from '../src/host/make-folder.js';
import { atEnd } from './at-end.js';

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-folder-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  return folder;
}

test('a folder is made with those above it, also by several at once', async (t) => {
  const folder = await temporary(t);
  for (let round = 0; round < 50; round++) {
    const path = join(folder, String(round), 'a', 'b');
    await Promise.all(
      [path, join(path, 'c'), join(path, '..', 'd', 'e'), path].map((each) => makeFolder(each)),
    );
    assert.ok((await stat(join(path, 'c'))).isDirectory());
  }
});

test('a file in the way, and a place where no folder can be, are told by the system’s error', async (t) => {
  const folder = await temporary(t);
  await writeFile(join(folder, 'file'), '');
  await assert.rejects(makeFolder(join(folder, 'file')), { code: 'EEXIST' });
  await assert.rejects(makeFolder(join(folder, 'file', 'below')), { code: 'ENOTDIR' });
  if (process.platform === 'linux')
    await assert.rejects(makeFolder('/proc/no-such-folder'), { code: 'ENOENT' });
});
