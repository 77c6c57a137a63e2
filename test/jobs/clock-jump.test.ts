import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LocalJobs } from '../../src/jobs/local-jobs.js';
import { atEnd } from '../at-end.js';
import { config, HeldEngine, rig, SILENT, tempDir } from './rig.js';

const DAY_MS = 86_400_000;

/** Sets the time of day ahead, or back; timers go on as they were. */
function setClock(
  test: { mock: { method(object: object, name: string, implementation: () => number): unknown } },
  byMs: number,
): void {
  const now = Date.now;
  test.mock.method(Date, 'now', () => now() + byMs);
}

describe('a clock that is set while jobs are there', () => {
  for (const [way, byMs] of [
    ['ahead', DAY_MS],
    ['back', -DAY_MS],
  ] as const)
    it(`${way} by a day: ends none that waits, and moves no deadline`, async (test) => {
      const { engine, submit } = await rig(test, { MAX_RUNNING_JOBS: 1 });
      const first = await submit();
      const second = await submit();
      const { task } = await engine.runOf(first);
      setClock(test, byMs);
      const third = await submit();
      await (await engine.runOf(first)).succeed();
      const later = await engine.runOf(second);
      assert.ok(Math.abs(later.task.deadlineAtMs - task.deadlineAtMs) < 60_000);
      await later.succeed();
      const last = await engine.runOf(third);
      assert.ok(Math.abs(last.task.deadlineAtMs - task.deadlineAtMs) < 60_000);
      await last.succeed();
      await third.settled;
      assert.ok(third.queueWaitMs >= 0);
      assert.ok(second.queueWaitMs >= 0);
    });

  it('removes no result before its time', async (test) => {
    const { jobs, engine, submitDurable } = await rig(test, { JOB_TTL_MINUTES: 60 });
    const { job } = await submitDurable();
    await (await engine.runOf(job)).succeed();
    await job.settled;
    setClock(test, DAY_MS);
    // The end of another job is when expiry is looked at again.
    const { job: other } = await submitDurable();
    await (await engine.runOf(other)).succeed();
    await other.settled;
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(jobs.find(job.id, ''));
  });
});

describe('a job that was at work when the service died', () => {
  it('has its whole time again, from its next start', async (test) => {
    const folder = await tempDir(test);
    const engine = new HeldEngine();
    const first = await rig(test, { MAX_RUNNING_JOBS: 1 }, folder);
    const { job } = await first.submitDurable();
    await first.engine.runOf(job);
    // Stopped in good order: the job goes on where the next instance finds it.
    await first.jobs.close(0);
    setClock(test, DAY_MS);
    const jobs = await LocalJobs.open(config(folder, { JOB_TTL_MINUTES: 60 * 48 }), engine, SILENT);
    atEnd(test, () => jobs.close(0));
    const { task } = await engine.runOf(job);
    const before = (await first.engine.runOf(job)).task;
    assert.ok(task.deadlineAtMs >= before.deadlineAtMs);
    assert.equal(jobs.find(job.id, '')?.state, 'running');
  });
});
