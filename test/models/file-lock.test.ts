import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { holdLock } from '../../src/models/download/file-lock.js';

const HOLDER = fileURLToPath(new URL('./lock-holder.js', import.meta.url));
const anytime = new AbortController().signal;

describe('a lock file', () => {
  let folder: string;
  let path: string;
  const holders: ChildProcess[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-lock-'));
    path = join(folder, 'lock');
  });
  afterEach(async () => {
    for (const holder of holders.splice(0)) holder.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  /** Another process that holds the lock. */
  async function holder(file = path): Promise<ChildProcess> {
    const child = fork(HOLDER, [file], { execArgv: [] });
    holders.push(child);
    await once(child, 'message');
    return child;
  }

  async function ended(child: ChildProcess): Promise<void> {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  test('is held by one owner at a time, also within one process', async () => {
    let holding = 0;
    const once = async () => {
      const lock = await holdLock(path, anytime);
      holding += 1;
      assert.equal(holding, 1);
      assert.ok(await lock.isHeld());
      await new Promise((resolve) => setImmediate(resolve));
      holding -= 1;
      await lock.release();
      assert.equal(await lock.isHeld(), false);
    };
    await Promise.all([once(), once(), once(), once()]);
    assert.deepEqual(await readdir(folder), []);
  });

  test('of a killed process is taken over at once, by one of the waiting processes, and leaves no file', async () => {
    await ended(await holder());
    assert.ok(existsSync(path));
    let holding = 0;
    const followers = Array.from({ length: 8 }, async () => {
      // Much less than it takes to call a silent owner dead.
      const lock = await holdLock(path, AbortSignal.timeout(12_000));
      holding += 1;
      assert.equal(holding, 1);
      await new Promise((resolve) => setImmediate(resolve));
      holding -= 1;
      await lock.release();
    });
    await Promise.all(followers);
    assert.deepEqual(await readdir(folder), []);
  });

  test('is taken over even when a process was killed while taking it over', async () => {
    await ended(await holder());
    const { token } = JSON.parse(await readFile(path, 'utf8'));
    await ended(await holder(`${path}.${token}`));
    const lock = await holdLock(path, AbortSignal.timeout(12_000));
    await lock.release();
    assert.deepEqual(await readdir(folder), []);
  });

  test('of a living process is waited for', async () => {
    const child = await holder();
    await assert.rejects(holdLock(path, AbortSignal.timeout(1000)));
    const exit = once(child, 'exit');
    const waiting = holdLock(path, anytime);
    child.send('release');
    await exit;
    await (await waiting).release();
  });

  test('tells its holder that it was taken over, and is not released by that holder', async () => {
    const lock = await holdLock(path, anytime);
    await writeFile(path, JSON.stringify({ token: 'abcd', pid: process.pid, place: 'elsewhere' }));
    assert.equal(await lock.isHeld(), false);
    await lock.release();
    assert.ok(existsSync(path));
  });

  test('of an owner on another machine is taken over when it was not touched for long', async () => {
    const texts = [
      '',
      '{"token":"abcd","pid":1,"place":"another machine"}',
      '{"token":"../x","pid":1,"place":"x"}',
    ];
    const takeOver = async (text: string, index: number) => {
      const file = `${path}${index}`;
      await writeFile(file, text);
      const longAgo = new Date(Date.now() - 60_000);
      await utimes(file, longAgo, longAgo);
      await (await holdLock(file, anytime)).release();
    };
    await Promise.all(texts.map(takeOver));
    assert.deepEqual(await readdir(folder), []);
  });
});
