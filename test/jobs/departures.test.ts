import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { until } from '../until.js';
import { failsWith, type HeldEngine, jobFolders, rig } from './rig.js';

/** From now on the engine answers a stop at once, and is at work on the job until it is told to let go. */
function deafen(engine: HeldEngine): () => void {
  let letGo = () => {};
  engine.held = new Promise((resolve) => {
    letGo = () => {
      engine.held = undefined;
      resolve();
    };
  });
  return letGo;
}

describe('a job that has ended while an engine is still at work on it', () => {
  it('keeps its folder and its share of the memory until the engine lets go', async (test) => {
    const { jobs, engine, submit, folder } = await rig(test, { MAX_RUNNING_JOBS: 1 });
    const job = await submit();
    const { task } = await engine.runOf(job);
    const letGo = deafen(engine);
    job.cancel();
    await assert.rejects(job.settled, failsWith('cancelled'));
    const next = await submit();
    await job.dispose();
    assert.ok(existsSync(task.sourcePath), 'its source is there');
    assert.deepEqual([jobs.status().running, jobs.status().queued], [0, 1]);
    // What the engine writes now must not stay behind.
    await writeFile(task.resultPath, 'late');
    letGo();
    await (await engine.runOf(next)).succeed();
    await next.settled;
    await next.dispose();
    await until(async () => (await jobFolders(folder)).length === 0, 'No job folder is left.');
  });

  it('does not hold up the stop of the service: its engine is ended first, and then its files go', async (test) => {
    const { jobs, engine, submit, folder } = await rig(test);
    const job = await submit();
    const { task } = await engine.runOf(job);
    const letGo = deafen(engine);
    let thereAtTheEnd = false;
    engine.close = async () => {
      thereAtTheEnd = existsSync(task.sourcePath);
      letGo();
    };
    job.cancel();
    await assert.rejects(job.settled, failsWith('cancelled'));
    await jobs.close(0);
    assert.ok(thereAtTheEnd);
    assert.deepEqual(await readdir(folder), []);
  });

  it('leaves nothing but its state, where it is durable', async (test) => {
    const { engine, submitDurable } = await rig(test);
    const { job } = await submitDurable();
    const { task } = await engine.runOf(job);
    const letGo = deafen(engine);
    job.cancel();
    await assert.rejects(job.settled, failsWith('cancelled'));
    assert.equal(job.state, 'cancelled');
    assert.ok(existsSync(task.sourcePath));
    await writeFile(join(task.workFolder, 'scratch-late'), '');
    letGo();
    await until(
      async () => (await readdir(task.workFolder)).join() === 'job.json',
      'Only the state is left.',
    );
  });
});
