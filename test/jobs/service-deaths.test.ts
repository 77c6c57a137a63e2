import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Job } from '../../src/jobs/job.js';
import { atEnd } from '../at-end.js';
import { until } from '../until.js';
import { jobFolders, rig, tempDir } from './rig.js';
import type { Deed, Told } from './runners/mortal-service.js';

/** A life of the service on a folder, with new jobs. */
function live(test: TestContext, folder: string, deeds: readonly Deed[]): ChildProcess {
  const path = fileURLToPath(new URL('./runners/mortal-service.js', import.meta.url));
  const service = fork(path, [folder, ...deeds], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  atEnd(test, () => service.kill('SIGKILL'));
  return service;
}

/** Kills a life once so many jobs are at work. @returns their ids. */
async function killedAtWork(
  test: TestContext,
  folder: string,
  most: number,
  deeds: readonly Deed[] = [],
): Promise<readonly string[]> {
  const service = live(test, folder, deeds);
  let atWork: readonly string[] = [];
  service.on('message', (told: Told) => {
    atWork = told.atWork;
  });
  await until(() => atWork.length >= most, `${most} jobs are at work.`);
  service.kill('SIGKILL');
  await once(service, 'exit');
  return atWork;
}

async function allJobs(folder: string, find: (id: string) => Job | undefined): Promise<readonly Job[]> {
  const ids = (await jobFolders(folder)).map((path) => basename(path));
  return ids.map(find).filter((job) => job !== undefined);
}

describe('when the service itself dies, again and again', () => {
  it('no healthy job is blamed: those that were at work run again, last and alone', async (test) => {
    const folder = await tempDir(test);
    const atWork = new Set<string>();
    const deeds = Array.from({ length: 14 }, (): Deed => 'waits');
    for (const newOnes of [deeds, [], []]) {
      for (const id of await killedAtWork(test, folder, 4, newOnes)) atWork.add(id);
    }
    assert.equal(atWork.size, 12, 'each life began with jobs that had not been at work before');

    const { jobs, engine } = await rig(test, {}, folder);
    const all = await allJobs(folder, (id) => jobs.find(id, ''));
    assert.equal(all.length, 14);
    const began: string[] = [];
    await until(async () => {
      const running = all.filter(({ state }) => state === 'running');
      const suspects = running.filter(({ id }) => atWork.has(id));
      assert.ok(suspects.length === 0 || running.length === 1, `${running.length} ran beside a suspect`);
      for (const job of running) {
        began.push(job.id);
        await (await engine.runOf(job)).succeed();
        await job.settled;
      }
      return all.every(({ state }) => state !== 'queued' && state !== 'running');
    }, 'All jobs have ended.');
    assert.ok(all.every(({ state }) => state === 'succeeded'));
    assert.deepEqual(
      began.map((id) => atWork.has(id)),
      [...Array.from({ length: 2 }, () => false), ...Array.from({ length: 12 }, () => true)],
    );
  });

  it('the deaths are shared out among those that may be guilty, so that none is blamed for being next', async (test) => {
    const folder = await tempDir(test);
    const beside = await killedAtWork(test, folder, 3, ['waits', 'waits', 'waits']);
    const alone: string[] = [];
    for (let death = 0; death < 3; death++) alone.push(...(await killedAtWork(test, folder, 1)));
    assert.deepEqual([...alone].sort(), [...beside].sort());
  });

  it('a job that is alone is done after three deaths too', async (test) => {
    const folder = await tempDir(test);
    const [id = ''] = await killedAtWork(test, folder, 1, ['waits']);
    for (let death = 0; death < 2; death++) await killedAtWork(test, folder, 1);
    const { jobs, engine } = await rig(test, {}, folder);
    const job = jobs.find(id, '');
    assert.ok(job);
    await (await engine.runOf(job)).succeed();
    await job.settled;
  });

  it('the guilty one is found, and the others are done', async (test) => {
    const folder = await tempDir(test);
    let deaths = 0;
    let deeds: Deed[] = ['ends well', 'ends well', 'kills', 'ends well', 'ends well', 'ends well'];
    for (let idle = false; !idle; ) {
      const service = live(test, folder, deeds);
      deeds = [];
      const exit = once(service, 'exit');
      service.on('message', (told: Told) => {
        idle = told.idle;
      });
      const isDead = () => service.exitCode !== null || service.signalCode !== null;
      await until(() => idle || isDead(), 'The service has done all its jobs, or is dead.');
      if (!idle) deaths++;
      service.kill('SIGKILL');
      await exit;
    }
    assert.equal(deaths, 4, 'once beside others, three times alone');
    const { jobs } = await rig(test, {}, folder);
    const all = await allJobs(folder, (id) => jobs.find(id, ''));
    assert.equal(all.length, 6);
    const failed = all.filter(({ state }) => state !== 'succeeded');
    assert.deepEqual(
      failed.map(({ error }) => error?.code),
      ['image_crashes_engine'],
    );
  });
});
