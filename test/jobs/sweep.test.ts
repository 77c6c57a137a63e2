import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { HEARTBEAT_DEAD_MS, Instance, type InstanceRecord } from '../../src/jobs/store/instance.js';
import { sweep } from '../../src/jobs/store/sweep.js';
import { atEnd } from '../at-end.js';
import { jobFolders, rig, tempDir } from './rig.js';

const JOB = 'abcdefghijklmnopqrstuv';

/** The folder of an instance that is not there, with one job in it. */
async function leftBehind(folder: string, record: InstanceRecord | string | undefined, beatMs?: number) {
  const name = `instance-${randomBytes(16).toString('hex')}`;
  const path = join(folder, name);
  await mkdir(join(path, JOB), { recursive: true });
  await writeFile(join(path, JOB, 'source'), 'x');
  if (record !== undefined) {
    await writeFile(
      join(path, 'instance.json'),
      typeof record === 'string' ? record : JSON.stringify(record),
    );
  }
  await writeFile(join(path, 'heartbeat'), '1');
  if (beatMs !== undefined) await utimes(join(path, 'heartbeat'), new Date(beatMs), new Date(beatMs));
  return name;
}

describe('the sweep at start', () => {
  it('removes what a killed instance left, and never what a living one works on', async (test) => {
    const folder = await tempDir(test);
    const other = fork(fileURLToPath(new URL('./runners/other-instance.js', import.meta.url)), [folder], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    atEnd(test, () => other.kill('SIGKILL'));
    const [theirs] = (await once(other, 'message')) as [string];
    const { submit } = await rig(test, {}, folder);
    const ours = await submit();
    assert.ok(existsSync(theirs), 'the job of the living instance is there');
    other.kill('SIGKILL');
    await once(other, 'exit');
    const { jobs } = await rig(test, {}, folder);
    assert.equal(existsSync(theirs), false);
    assert.ok(existsSync(ours.resultPath.replace(/result$/, 'source')), 'and so is ours');
    assert.equal((await jobFolders(folder)).length, 1);
    assert.equal(jobs.status().queued, 0);
  });

  it('tells a process from a later one with the same number', async (test) => {
    const folder = await tempDir(test);
    const instance = await Instance.create(folder);
    const own = JSON.parse(await readFile(join(instance.folder, 'instance.json'), 'utf8')) as InstanceRecord;
    const living = await leftBehind(folder, own);
    assert.equal(await instance.isAlive(living), true);
    if (own.startTicks !== undefined) {
      const dead = await leftBehind(folder, { ...own, startTicks: '1' });
      assert.equal(await instance.isAlive(dead), false);
    }
    assert.equal(await instance.isAlive(await leftBehind(folder, { ...own, left: true })), false);
    await instance.remove();
  });

  it('goes by the heartbeat of an instance in another container or on another machine', async (test) => {
    const folder = await tempDir(test);
    const instance = await Instance.create(folder);
    const elsewhere = { pid: 1, system: 'another' };
    const isAlive = async (record: InstanceRecord | string | undefined, beatMs: number) =>
      instance.isAlive(await leftBehind(folder, record, beatMs));
    assert.equal(await isAlive(elsewhere, Date.now() - HEARTBEAT_DEAD_MS / 2), true);
    assert.equal(await isAlive(elsewhere, Date.now() - HEARTBEAT_DEAD_MS - 5000), false);
    // Just being created, or cut off while it was.
    assert.equal(await isAlive(undefined, Date.now()), true);
    assert.equal(await isAlive('{"pid": 1', Date.now() - HEARTBEAT_DEAD_MS - 5000), false);
    await instance.remove();
  });

  it('touches nothing that is not the folder of an instance', async (test) => {
    const folder = await tempDir(test);
    await mkdir(join(folder, 'instance-of-something-else'));
    await mkdir(join(folder, 'holiday'));
    await writeFile(join(folder, '.gitkeep'), '');
    await rig(test, {}, folder);
    const names = await readdir(folder);
    for (const name of ['instance-of-something-else', 'holiday', '.gitkeep']) assert.ok(names.includes(name));
  });

  it('gives each folder to one of several that sweep at the same time, also from within one that died sweeping', async (test) => {
    const folder = await tempDir(test);
    const gone = { pid: 1, system: 'another', left: true } as const;
    for (let index = 0; index < 10; index++) await leftBehind(folder, gone);
    // One that died after it had taken another's folder and before it had sorted it.
    const died = await leftBehind(folder, gone);
    const taken = await leftBehind(folder, gone);
    await mkdir(join(folder, died, 'adopted'));
    await rename(join(folder, taken), join(folder, died, 'adopted', taken));
    const instances = await Promise.all([1, 2, 3, 4].map(() => Instance.create(folder)));
    let asked = 0;
    const kept = await Promise.all(
      instances.map((instance) =>
        sweep(instance, async () => {
          asked++;
          return false;
        }),
      ),
    );
    assert.deepEqual(kept.flat(), []);
    assert.equal(asked, 12);
    assert.equal((await readdir(folder)).length, 4);
    await Promise.all(instances.map((instance) => instance.remove()));
    assert.deepEqual(await readdir(folder), []);
  });
});
