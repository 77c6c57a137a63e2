import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TesseraError } from '../../src/domain/errors.js';
import { monotonicMs } from '../../src/host/clock.js';
import type { Job } from '../../src/jobs/job.js';
import { atEnd } from '../at-end.js';
import { until } from '../until.js';
import { countsTheDisk, failsWith, jobFolders, ofPixels, rig, tempDir } from './rig.js';

function folderOf(job: Job): string {
  return join(job.resultPath, '..');
}

/** Resolves once the job has ended, however. */
async function over(job: Job): Promise<void> {
  await job.settled.catch(() => {});
}

describe('a durable job', () => {
  it('stays with its result, but without its source, until it is removed', async (test) => {
    const { jobs, engine, folder, submitDurable } = await rig(test);
    const { job, existing } = await submitDurable();
    assert.equal(existing, false);
    assert.equal(jobs.find(job.id, ''), job);
    await (await engine.runOf(job)).succeed(20);
    await job.settled;
    assert.ok((job.expiresAtMs ?? 0) > Date.now());
    assert.deepEqual((await readdir(folderOf(job))).sort(), ['job.json', 'result']);
    await countsTheDisk(jobs, folder);
    assert.equal(jobs.status().kept, 1);
    assert.equal(await jobs.remove(job.id, ''), 'removed');
    assert.equal(await jobs.remove(job.id, ''), undefined);
    assert.equal(jobs.find(job.id, ''), undefined);
    assert.deepEqual(await jobFolders(folder), []);
    assert.equal(jobs.status().diskBytes, 0);
  });

  it('keeps its error when it failed, and nothing else', async (test) => {
    const { jobs, engine, submitDurable } = await rig(test);
    const { job } = await submitDurable();
    (await engine.runOf(job)).fail(new TesseraError('corrupt_image', 'The image is truncated.'));
    await over(job);
    assert.equal(jobs.find(job.id, '')?.error?.code, 'corrupt_image');
    assert.deepEqual(await readdir(folderOf(job)), ['job.json']);
  });

  it('keeps the attempts of its failure over a restart', async (test) => {
    const { jobs, engine, folder, submitDurable } = await rig(test);
    const { job } = await submitDurable();
    const attempt = {
      model: 'net',
      provider: 'cpu',
      outcome: 'failed',
      reason: 'out_of_memory',
      ms: 4,
    } as const;
    const error = new TesseraError('fallback_refused', 'No other is allowed.', { attempts: [attempt] });
    (await engine.runOf(job)).fail(error);
    await over(job);
    assert.deepEqual(job.attempts, [attempt]);
    await jobs.close(0);
    const { jobs: next } = await rig(test, {}, folder);
    assert.deepEqual(next.find(job.id, '')?.attempts, [attempt]);
  });

  it('is cancelled by remove while it has not ended, and stays to tell so', async (test) => {
    const { jobs, submitDurable } = await rig(test, { MAX_RUNNING_JOBS: 1 });
    const [running, queued] = [(await submitDurable()).job, (await submitDurable()).job];
    for (const job of [queued, running]) {
      assert.equal(await jobs.remove(job.id, ''), 'cancelled');
      await over(job);
      assert.equal(jobs.find(job.id, '')?.state, 'cancelled');
      assert.equal(await jobs.remove(job.id, ''), 'removed');
    }
  });

  it('expires some time after its end', async (test) => {
    const { jobs, engine, folder, submitDurable } = await rig(test, { JOB_TTL_MINUTES: 0.001 });
    const { job } = await submitDurable();
    await (await engine.runOf(job)).succeed();
    await job.settled;
    await until(
      async () => jobs.find(job.id, '') === undefined && (await jobFolders(folder)).length === 0,
      'The job and its folder are removed.',
    );
    assert.ok(Date.now() >= (job.expiresAtMs ?? Infinity));
  });

  it('expires when its own time is over, whatever others wait for', async (test) => {
    const before = await rig(test, { JOB_TTL_MINUTES: 10 });
    const { job: lasting } = await before.submitDurable();
    await (await before.engine.runOf(lasting)).succeed();
    await lasting.settled;
    await before.jobs.close(0);
    const { jobs, engine, submitDurable } = await rig(test, { JOB_TTL_MINUTES: 0.001 }, before.folder);
    const { job: brief } = await submitDurable();
    await (await engine.runOf(brief)).succeed();
    await brief.settled;
    await until(() => jobs.find(brief.id, '') === undefined, 'The job is removed.');
    assert.equal(jobs.find(lasting.id, '')?.expiresAtMs, lasting.expiresAtMs);
    assert.equal(jobs.status().kept, 1);
  });

  it('takes a place among the jobs that are kept until it is removed or expires, and none is lost for another', async (test) => {
    const { jobs, engine, submitDurable, submit, upload } = await rig(test, {
      MAX_KEPT_JOBS: 3,
      JOB_TTL_MINUTES: 10,
    });
    const made = [(await submitDurable()).job, (await submitDurable()).job];
    for (const job of made) await (await engine.runOf(job)).succeed();
    await Promise.all(made.map((job) => job.settled));
    const first = await jobs.reserve(1, { maxFiles: 32, durable: true });
    const full = (thrown: unknown) => {
      assert.ok(failsWith('queue_full')(thrown) && thrown instanceof TesseraError);
      assert.match(thrown.message, /keeps as many jobs as it may/);
      const seconds = thrown.details.retryAfterSeconds ?? 0;
      assert.ok(seconds > 590 && seconds <= 600, `${seconds} s`);
      return true;
    };
    await assert.rejects(first.another(), full);
    await assert.rejects(jobs.reserve(1, { maxFiles: 1, durable: true }), full);
    // Requests that nobody keeps are not meant.
    await (await submit()).dispose();
    await first.release();
    const late = [await upload(), await upload()];
    const last = await submitDurable();
    for (const { reservation, request } of late)
      await assert.rejects(
        jobs.submitDurable([{ reservation, request, durable: { owner: '' } }]),
        failsWith('queue_full'),
      );
    await Promise.all(late.map(({ reservation }) => reservation.release()));
    for (const job of made) assert.equal(jobs.find(job.id, '')?.state, 'succeeded');
    await jobs.remove(made[0]?.id ?? '', '');
    assert.equal((await submitDurable()).existing, false);
    last.job.cancel();
  });

  it('counts once among the kept ones, also while it is being written', async (test) => {
    const { jobs, submitDurable } = await rig(test, { MAX_KEPT_JOBS: 12 });
    await Promise.all(Array.from({ length: 12 }, () => submitDurable()));
    assert.equal(jobs.status().kept, 12);
    await assert.rejects(submitDurable(), failsWith('queue_full'));
  });

  it('counts what its folder takes of the disk, however small its files', async (test) => {
    const { jobs, engine, folder, submitDurable } = await rig(test, { MAX_QUEUED_JOBS: 100 });
    const words = 'a'.repeat(9000);
    for (let index = 0; index < 20; index++) {
      const { job } = await submitDurable({
        callbackUrl: index % 2 === 0 ? `https://x.example/${words}` : 'https://x',
      });
      const run = await engine.runOf(job);
      if (index % 3 === 0) run.fail(new TesseraError('corrupt_image', 'The image is truncated.'));
      else await run.succeed(index);
      await over(job);
    }
    await countsTheDisk(jobs, folder);
  });

  it('has its deadline from its start, since nobody waits for it in the queue', async (test) => {
    const { engine, submitDurable } = await rig(test, { MAX_RUNNING_JOBS: 1 });
    const first = await submitDurable();
    const second = await submitDurable({}, { uploadedAtMs: Date.now() - 3_600_000 });
    await (await engine.runOf(first.job)).succeed();
    await first.job.settled;
    const { task } = await engine.runOf(second.job);
    assert.equal(second.job.state, 'running');
    const leftMs = task.deadlineAtMs - monotonicMs();
    assert.ok(leftMs > 590_000 && leftMs <= 600_000, `${leftMs} ms are left`);
  });

  it('is not seen by id while it is not durable', async (test) => {
    const { jobs, submit } = await rig(test);
    const job = await submit();
    assert.equal(jobs.find(job.id, ''), undefined);
    assert.equal(await jobs.remove(job.id, ''), undefined);
  });

  it('runs for a hundred jobs with ten cancels: nothing lost, nothing left', async (test) => {
    const { jobs, engine, folder, submitDurable } = await rig(test, { MAX_QUEUED_JOBS: 100 });
    const all: Job[] = [];
    for (let index = 0; index < 100; index++) all.push((await submitDurable()).job);
    const cancelled = all.filter((_, index) => index % 10 === 3);
    for (const job of cancelled) await jobs.remove(job.id, '');
    const others = all.filter((job) => !cancelled.includes(job));
    await Promise.all(others.map(async (job) => (await engine.runOf(job)).succeed()));
    await Promise.all(all.map(over));
    assert.ok(others.every((job) => job.state === 'succeeded'));
    assert.ok(cancelled.every((job) => job.state === 'cancelled'));
    for (const job of all) assert.equal(await jobs.remove(job.id, ''), 'removed');
    assert.deepEqual(await jobFolders(folder), []);
    assert.equal(jobs.status().diskBytes, 0);
  });
});

describe('an idempotency key', () => {
  const key = { owner: 'me', idempotencyKey: 'once' };

  it('gives the same job for the same bytes and options, and gives the second upload back', async (test) => {
    const { jobs, folder, submitDurable } = await rig(test);
    const first = await submitDurable(key);
    const again = await submitDurable(key);
    assert.equal(again.existing, true);
    assert.equal(again.job, first.job);
    assert.equal((await jobFolders(folder)).length, 1);
    assert.equal(jobs.status().uploading, 0);
  });

  it('does so for requests at the same time too', async (test) => {
    const { jobs, engine, submitDurable } = await rig(test);
    const answers = await Promise.all(Array.from({ length: 8 }, () => submitDurable(key)));
    assert.equal(new Set(answers.map(({ job }) => job.id)).size, 1);
    assert.equal(answers.filter(({ existing }) => !existing).length, 1);
    assert.equal(jobs.status().running + jobs.status().queued, 1);
    for (const { job } of answers) await engine.runOf(job);
    assert.equal(engine.runs.length, 1);
  });

  it('is a conflict with other bytes or options, and leaves nothing of that upload', async (test) => {
    const { folder, submitDurable } = await rig(test);
    await submitDurable(key);
    await assert.rejects(
      submitDurable(key, {}, Buffer.from('other bytes')),
      failsWith('idempotency_conflict'),
    );
    const { options } = (await submitDurable({ owner: '' })).job.request;
    await assert.rejects(
      submitDurable(key, { options: { ...options, quality: 1 } }),
      failsWith('idempotency_conflict'),
    );
    assert.equal((await jobFolders(folder)).length, 2);
  });

  it('counts for its owner alone, and no longer than its job', async (test) => {
    const { jobs, engine, submitDurable } = await rig(test);
    const mine = await submitDurable(key);
    const theirs = await submitDurable({ ...key, owner: 'you' });
    assert.notEqual(theirs.job.id, mine.job.id);
    await (await engine.runOf(mine.job)).succeed();
    await mine.job.settled;
    await jobs.remove(mine.job.id, 'me');
    assert.equal((await submitDurable(key)).existing, false);
  });
});

describe('a restart', () => {
  /** Another instance with a durable job in its engine, killed there. @returns the job's id. */
  async function killed(test: TestContext, folder: string): Promise<string> {
    const other = fork(
      fileURLToPath(new URL('./runners/other-instance.js', import.meta.url)),
      [folder, 'once'],
      {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    );
    atEnd(test, () => other.kill('SIGKILL'));
    const [path] = (await once(other, 'message')) as [string];
    await writeFile(join(path, 'canvas.v'), 'scratch of a run that was cut off');
    other.kill('SIGKILL');
    await once(other, 'exit');
    return basename(path);
  }

  it('queues again what ran when the service was killed, without what the run left', async (test) => {
    const folder = await tempDir(test);
    const id = await killed(test, folder);
    const { jobs, engine, submitDurable } = await rig(test, {}, folder);
    const job = jobs.find(id, 'me');
    assert.ok(job);
    assert.equal(job.state, 'running');
    const run = await engine.runOf(job);
    assert.equal(await readFile(run.task.sourcePath, 'utf8'), 'ten bytes!');
    assert.deepEqual((await readdir(folderOf(job))).sort(), ['job.json', 'source']);
    const again = await submitDurable({ owner: 'me', idempotencyKey: 'once' }, { uploadedAtMs: 0 });
    assert.equal(again.job, job);
    await run.succeed();
    await job.settled;
  });

  it('keeps finished and failed jobs, and their events go on', async (test) => {
    const before = await rig(test);
    const done = (await before.submitDurable()).job;
    await (await before.engine.runOf(done)).succeed(33);
    const failed = (await before.submitDurable()).job;
    (await before.engine.runOf(failed)).fail(new TesseraError('corrupt_image', 'The image is truncated.'));
    await Promise.all([over(done), over(failed)]);
    await before.jobs.close(0);
    const after = await rig(test, {}, before.folder);
    const doneAgain = after.jobs.find(done.id, '');
    assert.equal((await doneAgain?.settled)?.bytes, 33);
    assert.equal((await readFile(doneAgain?.resultPath ?? '')).length, 33);
    assert.equal(doneAgain?.expiresAtMs, done.expiresAtMs);
    assert.equal(after.jobs.find(failed.id, '')?.error?.code, 'corrupt_image');
    const [lastSeen] = done.events().slice(-1);
    const missed = doneAgain?.events(lastSeen?.id).map(({ state }) => state);
    assert.deepEqual(missed, ['succeeded']);
    await countsTheDisk(after.jobs, before.folder);
    assert.equal(after.engine.runs.length, 0);
  });

  it('goes on with jobs that a stop in good order found waiting or at work', async (test) => {
    const before = await rig(test, { MAX_RUNNING_JOBS: 1 });
    const ids = [(await before.submitDurable()).job.id, (await before.submitDurable()).job.id];
    const passing = await before.submit();
    await before.jobs.close(0);
    assert.equal(passing.state, 'failed');
    const after = await rig(test, { MAX_RUNNING_JOBS: 2 }, before.folder);
    for (const id of ids) assert.equal(after.jobs.find(id, '')?.state, 'running');
    assert.equal((await jobFolders(before.folder)).length, 2);
  });

  it('gives up a job under which the service died again and again while it was alone', async (test) => {
    const folder = await tempDir(test);
    const id = await killed(test, folder);
    const [path] = await jobFolders(folder);
    const file = join(path ?? '', 'job.json');
    await writeFile(
      file,
      JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), starts: 3, loneStarts: 3 }),
    );
    const { jobs, engine } = await rig(test, {}, folder);
    assert.equal(jobs.find(id, 'me')?.error?.code, 'image_crashes_engine');
    assert.equal(engine.runs.length, 0);
  });

  it('removes jobs that expired, whose files are not whole, or whose state is of another version', async (test) => {
    const before = await rig(test, { MAX_QUEUED_JOBS: 10 });
    const made = [];
    for (let index = 0; index < 4; index++) {
      const { job } = await before.submitDurable();
      if (index < 3) await (await before.engine.runOf(job)).succeed(10);
      if (index < 3) await job.settled;
      made.push(job);
    }
    await before.jobs.close(0);
    const [expired, cut, future, unread] = made.map(folderOf);
    assert.ok(expired && cut && future && unread);
    const edit = async (folder: string, change: (file: { end: object }) => object) => {
      const path = join(folder, 'job.json');
      const file = JSON.parse(await readFile(path, 'utf8')) as { end: object };
      await writeFile(path, JSON.stringify({ ...file, ...change(file) }));
    };
    await edit(expired, ({ end }) => ({ end: { ...end, expiresAtMs: Date.now() - 1 } }));
    await truncate(join(cut, 'result'), 3);
    await edit(future, () => ({ version: 2 }));
    await truncate(join(unread, 'source'), 3);
    const after = await rig(test, {}, before.folder);
    for (const job of made) assert.equal(after.jobs.find(job.id, ''), undefined);
    assert.deepEqual(await jobFolders(before.folder), []);
    assert.ok(!existsSync(expired));
  });

  it('happens beside another instance on the same folder, and takes nothing from it', async (test) => {
    const one = await rig(test);
    const { job } = await one.submitDurable({}, ofPixels(50));
    const two = await rig(test, {}, one.folder);
    assert.equal(two.jobs.find(job.id, ''), undefined);
    await (await one.engine.runOf(job)).succeed();
    await job.settled;
    assert.ok(existsSync(job.resultPath));
  });
});
