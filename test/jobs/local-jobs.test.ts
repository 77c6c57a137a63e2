import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import type { DurableSubmission, Jobs } from '../../src/jobs/job.js';
import { failsWith, jobFolders, ofPixels, request, rig } from './rig.js';

describe('a job', () => {
  it('goes from the queue through the engine to its result, in a private folder that dispose removes', async (test) => {
    const { jobs, engine, folder, submit } = await rig(test);
    const job = await submit();
    const states: string[] = [];
    job.onChange(() => states.push(job.state));
    const run = await engine.runOf(job);
    assert.equal(job.state, 'running');
    assert.equal((await stat(dirname(run.task.sourcePath))).mode & 0o777, 0o700);
    assert.equal((await stat(dirname(dirname(run.task.sourcePath)))).mode & 0o777, 0o700);
    run.hooks.onProgress({ stage: 'infer', tilesDone: 1, tilesTotal: 2, model: 'held' });
    assert.equal(job.progress?.tilesDone, 1);
    await run.succeed();
    assert.equal((await job.settled).bytes, 10);
    assert.equal(job.state, 'succeeded');
    assert.ok(existsSync(job.resultPath));
    assert.deepEqual([...new Set(states)], ['running', 'succeeded']);
    assert.equal(jobs.status().running, 0);
    await job.dispose();
    await job.dispose();
    assert.deepEqual(await jobFolders(folder), []);
    assert.equal(jobs.status().diskBytes, 0);
  });

  it('has an id of 128 random bits', async (test) => {
    const { jobs } = await rig(test);
    const ids = await Promise.all([1, 2, 3].map(async () => (await jobs.reserve(1)).id));
    assert.equal(new Set(ids).size, 3);
    for (const id of ids) assert.equal(Buffer.from(id, 'base64url').length, 16);
  });

  it('leaves nothing behind when it fails, also without dispose', async (test) => {
    const { engine, folder, submit } = await rig(test);
    const job = await submit();
    (await engine.runOf(job)).fail(new TesseraError('corrupt_image', 'The image is truncated.'));
    await assert.rejects(job.settled, failsWith('corrupt_image'));
    assert.equal(job.state, 'failed');
    await job.dispose();
    assert.deepEqual(await jobFolders(folder), []);
  });

  it('tells an unexpected error as internal, with its text for the log alone', async (test) => {
    const { engine, submit } = await rig(test);
    const job = await submit();
    (await engine.runOf(job)).fail(new Error('a secret path'));
    await assert.rejects(job.settled, failsWith('internal'));
    assert.doesNotMatch(job.error?.message ?? '', /secret/);
    assert.match(job.error?.internal ?? '', /secret/);
  });

  it('is cancelled in the queue at once, and in the engine by its signal', async (test) => {
    const { jobs, engine, folder, submit } = await rig(test, { MAX_RUNNING_JOBS: 1 });
    const running = await submit();
    const queued = await submit();
    assert.equal(queued.position, 1);
    queued.cancel();
    await assert.rejects(queued.settled, failsWith('cancelled'));
    assert.equal(queued.state, 'cancelled');
    await engine.runOf(running);
    running.cancel();
    await assert.rejects(running.settled, failsWith('cancelled'));
    assert.equal(engine.runs.length, 1);
    await Promise.all([running.dispose(), queued.dispose()]);
    assert.deepEqual(await jobFolders(folder), []);
    assert.equal(jobs.status().running, 0);
  });

  it('is stopped by dispose when it has not ended', async (test) => {
    const { folder, submit } = await rig(test);
    const job = await submit();
    await job.dispose();
    assert.equal(job.state, 'cancelled');
    assert.deepEqual(await jobFolders(folder), []);
  });

  it('fails when its deadline passes in the queue', async (test) => {
    const { engine, submit } = await rig(test, { MAX_RUNNING_JOBS: 1 });
    const first = await submit();
    const late = await submit({ options: { ...request().options, timeoutSeconds: 0.05 } });
    await assert.rejects(late.settled, failsWith('deadline_exceeded'));
    await (await engine.runOf(first)).succeed();
    await first.settled;
    assert.equal(engine.runs.length, 1);
  });

  it('keeps its events: states, and progress thinned out', async (test) => {
    const { engine, submit } = await rig(test);
    const job = await submit();
    const run = await engine.runOf(job);
    for (let tile = 0; tile <= 1000; tile++) {
      run.hooks.onProgress({ stage: 'infer', tilesDone: tile, tilesTotal: 1000 });
    }
    await run.succeed();
    await job.settled;
    const events = job.events();
    assert.equal(events[0]?.state, 'queued');
    assert.equal(events.at(-1)?.state, 'succeeded');
    assert.equal(events.findLast((event) => event.state === 'running')?.progress?.tilesDone, 1000);
    assert.ok(events.length < 50, `${events.length} events`);
    const ids = events.map((event) => event.id);
    assert.deepEqual(
      ids,
      [...new Set(ids)].sort((a, b) => a - b),
    );
    assert.deepEqual(job.events(ids[0]), events.slice(1));
  });
});

describe('a reservation', () => {
  it('gives its place and folder back on release, once', async (test) => {
    const { jobs, folder } = await rig(test, { MAX_RUNNING_JOBS: 1, MAX_QUEUED_JOBS: 0 });
    const reservation = await jobs.reserve(1000);
    await writeFile(reservation.sourcePath, 'half an upload');
    assert.deepEqual(await readdir(reservation.workFolder), ['source']);
    await assert.rejects(jobs.reserve(1), failsWith('queue_full'));
    await reservation.release();
    await reservation.release();
    assert.deepEqual(await jobFolders(folder), []);
    assert.equal(jobs.status().diskBytes, 0);
    await (await jobs.reserve(1)).release();
  });

  it('is harmless to release after submit', async (test) => {
    const { jobs, engine, upload } = await rig(test);
    const { reservation, request: asked } = await upload();
    const job = jobs.submit(reservation, asked);
    await reservation.release();
    assert.ok(existsSync(reservation.sourcePath));
    await (await engine.runOf(job)).succeed();
    await job.settled;
    assert.throws(() => jobs.submit(reservation, asked), /submitted before/);
  });

  it('is possible again after somebody removed the folder of the instance', async (test) => {
    const { jobs, folder } = await rig(test);
    for (const name of await readdir(folder)) await rm(`${folder}/${name}`, { recursive: true });
    const reservation = await jobs.reserve(10);
    await writeFile(reservation.sourcePath, 'x');
    await reservation.release();
  });
});

describe('admission', () => {
  it('refuses when running and queued places are taken, with the measured backlog as Retry-After', async (test) => {
    const { jobs, engine, submit } = await rig(test, { MAX_RUNNING_JOBS: 1, MAX_QUEUED_JOBS: 1, ENGINES: 1 });
    // The engine reports a second of work for each of these megapixels.
    for (let i = 0; i < 20; i++) {
      const job = await submit(ofPixels(1e6));
      await (await engine.runOf(job)).succeed();
      await job.settled;
    }
    const running = await submit(ofPixels(2e6));
    await submit(ofPixels(2e6));
    const { backlogSeconds } = jobs.status();
    assert.ok(backlogSeconds > 3.4 && backlogSeconds < 4.6, String(backlogSeconds));
    await assert.rejects(jobs.reserve(10), (thrown) => {
      assert.ok(thrown instanceof TesseraError && thrown.code === 'queue_full');
      assert.equal(thrown.details.retryAfterSeconds, Math.ceil(backlogSeconds));
      return true;
    });
    // Of a job that runs, tiles that are done count no more; what is to be encoded does.
    const run = await engine.runOf(running);
    run.hooks.onProgress({ stage: 'infer', tilesDone: 3, tilesTotal: 4 });
    const share = jobs.status().backlogSeconds / backlogSeconds;
    assert.ok(share >= (1 + 1 / 4) / 2 && share < (1 + 1 / 2) / 2, `${share} of it is left`);
  });

  it('counts an upload without a length as the largest there may be', async (test) => {
    const { jobs } = await rig(test, { MAX_UPLOAD_MB: 2, MAX_JOB_DISK_MB: 3 });
    const first = await jobs.reserve(undefined);
    await assert.rejects(jobs.reserve(undefined), failsWith('disk_full'));
    await jobs.reserve(500_000);
    await first.release();
    await jobs.reserve(undefined);
  });

  it('refuses a job whose result cannot fit into the disk budget, before it runs', async (test) => {
    const { jobs, upload, folder } = await rig(test, { MAX_JOB_DISK_MB: 30, MAX_UPLOAD_MB: 1 });
    const { reservation, request: asked } = await upload(ofPixels(1_000_000));
    assert.throws(
      () => jobs.submit(reservation, asked),
      (thrown) =>
        failsWith('disk_full')(thrown) && !('retryAfterSeconds' in (thrown as TesseraError).details),
    );
    await reservation.release();
    assert.deepEqual(await jobFolders(folder), []);
  });

  it('refuses when the file system has no room', async (test) => {
    const { jobs } = await rig(test, { MAX_UPLOAD_MB: 4e9, MAX_JOB_DISK_MB: 1e12 });
    await assert.rejects(jobs.reserve(1e15), failsWith('disk_full'));
    assert.equal(jobs.status().diskBytes, 0);
  });

  it('starts a small image beside large ones, which leave it the last slot', async (test) => {
    const { engine, submit } = await rig(test, { MAX_RUNNING_JOBS: 3 });
    const large = [await submit(ofPixels(2e6)), await submit(ofPixels(2e6)), await submit(ofPixels(2e6))];
    const small = await submit(ofPixels(1000));
    assert.deepEqual(
      large.map((job) => job.state),
      ['running', 'running', 'queued'],
    );
    assert.equal(small.state, 'running');
    assert.ok(large[0]);
    await (await engine.runOf(large[0])).succeed();
    await large[0].settled;
    assert.equal(large[2]?.state, 'running');
  });

  it('runs together only what fits into the memory', async (test) => {
    const { engine, submit } = await rig(test, { ENGINE_MEMORY_MB: 600 });
    // Of 600 MB the engine itself takes 200; 20 megapixels decode into twice 60 MB.
    const large = { ...request().header, width: 5000, height: 4000 };
    const first = await submit({ header: large });
    const second = await submit({ header: large });
    const small = await submit(ofPixels(1000));
    assert.deepEqual([first.state, second.state, small.state], ['running', 'queued', 'running']);
    await (await engine.runOf(first)).succeed();
    await first.settled;
    assert.equal(second.state, 'running');
  });
});

describe('closing', () => {
  it('takes no new jobs, and waits for uploads and jobs', async (test) => {
    const { jobs, engine, folder, upload, submit } = await rig(test);
    const running = await submit();
    const { reservation, request: asked } = await upload();
    const closed = jobs.close(60_000);
    await assert.rejects(jobs.reserve(1), failsWith('shutting_down'));
    const late = jobs.submit(reservation, asked);
    for (const job of [late, running]) await (await engine.runOf(job)).succeed();
    await Promise.all([running.settled, late.settled]);
    await closed;
    assert.deepEqual(await readdir(folder), []);
  });

  it('ends what has not ended within the grace period', async (test) => {
    const { jobs, folder, submit } = await rig(test, { MAX_RUNNING_JOBS: 1 });
    const running = await submit();
    const queued = await submit();
    await jobs.close(0);
    await assert.rejects(running.settled, failsWith('shutting_down'));
    await assert.rejects(queued.settled, failsWith('shutting_down'));
    assert.deepEqual(await readdir(folder), []);
  });
});

describe('an upload of several files', () => {
  /** So many files of one request, of ten bytes each. */
  async function received(
    jobs: Jobs,
    files: number,
    { declaredBytes = 1000, owner = '' }: { declaredBytes?: number | undefined; owner?: string } = {},
  ): Promise<readonly DurableSubmission[]> {
    const first = await jobs.reserve(declaredBytes, { maxFiles: 32, durable: true });
    const reservations = [first];
    while (reservations.length < files) reservations.push(await first.another());
    for (const { sourcePath } of reservations) await writeFile(sourcePath, 'ten bytes!');
    return reservations.map((reservation) => ({ reservation, request: request(), durable: { owner } }));
  }

  it('is one upload, and its files become jobs together', async (test) => {
    const { jobs, engine } = await rig(test);
    const files = await received(jobs, 32);
    assert.equal(jobs.status().uploading, 1);
    const kept = await jobs.submitDurable(files);
    assert.deepEqual(
      kept.map(({ job }) => job.id),
      files.map(({ reservation }) => reservation.id),
    );
    const { uploading, running, queued } = jobs.status();
    assert.deepEqual({ uploading, running, queued }, { uploading: 0, running: 4, queued: 28 });
    for (const { job } of kept) await (await engine.runOf(job)).succeed();
    await (await jobs.reserve(1)).release();
  });

  it('is refused at the first file for which the queue has no place, and gives all back', async (test) => {
    const { jobs, folder, submit } = await rig(test, { MAX_RUNNING_JOBS: 1, MAX_QUEUED_JOBS: 3 });
    await submit();
    const first = await jobs.reserve(1000, { maxFiles: 32, durable: true });
    const more = [await first.another(), await first.another()];
    await assert.rejects(first.another(), (thrown) => {
      assert.ok(failsWith('queue_full')(thrown) && thrown instanceof TesseraError);
      assert.match(thrown.message, /room for 3 of the files of this request/);
      assert.ok((thrown.details.retryAfterSeconds ?? 0) > 0);
      return true;
    });
    await Promise.all([first, ...more].map((reservation) => reservation.release()));
    assert.equal((await jobFolders(folder)).length, 1);
    assert.equal(jobs.status().uploading, 0);
    for (const { reservation } of await received(jobs, 3)) await reservation.release();
  });

  it('takes its places whole: of two that have no room beside each other the first to arrive gets all, the other none', async (test) => {
    const { jobs, folder } = await rig(test, { MAX_RUNNING_JOBS: 1, MAX_QUEUED_JOBS: 5 });
    const [one, two] = await Promise.all([received(jobs, 4), received(jobs, 4)]);
    await jobs.submitDurable(two);
    await assert.rejects(jobs.submitDurable(one), failsWith('queue_full'));
    await Promise.all(one.map(({ reservation }) => reservation.release()));
    const { running, queued, kept, uploading } = jobs.status();
    assert.deepEqual({ running, queued, kept, uploading }, { running: 1, queued: 3, kept: 4, uploading: 0 });
    assert.equal((await jobFolders(folder)).length, 4);
  });

  it('leaves the place of another upload alone, which that has from its beginning', async (test) => {
    const { jobs, upload } = await rig(test, { MAX_RUNNING_JOBS: 1, MAX_QUEUED_JOBS: 3 });
    const { reservation, request: asked } = await upload();
    const files = await received(jobs, 3);
    await assert.rejects(files[0]?.reservation.another() ?? Promise.resolve(), failsWith('queue_full'));
    await jobs.submitDurable(files);
    jobs.submit(reservation, asked);
    assert.equal(jobs.status().running + jobs.status().queued, 4);
  });

  it('becomes no job at all when one of its files cannot, and its keys are new again', async (test) => {
    const { jobs, engine, folder } = await rig(test, { MAX_JOB_DISK_MB: 30, MAX_UPLOAD_MB: 1 });
    const [good, bad] = await received(jobs, 2);
    assert.ok(good && bad);
    const keyed = { ...good, durable: { owner: '', idempotencyKey: 'once' } };
    const tooLarge = { ...bad, request: { ...bad.request, ...ofPixels(1_000_000) } };
    await assert.rejects(jobs.submitDurable([keyed, tooLarge]), failsWith('disk_full'));
    await rm(bad.reservation.workFolder, { recursive: true });
    await assert.rejects(jobs.submitDurable([keyed, bad]));
    assert.equal(jobs.status().kept, 0);
    assert.equal(engine.runs.length, 0);
    const [kept] = await jobs.submitDurable([keyed]);
    assert.equal(kept?.existing, false);
    await bad.reservation.release();
    assert.equal((await jobFolders(folder)).length, 1);
  });

  it('is promised the disk of its declared length once, and without one for every file', async (test) => {
    const { jobs } = await rig(test, { MAX_UPLOAD_MB: 2, MAX_JOB_DISK_MB: 5 });
    const declared = await received(jobs, 8, { declaredBytes: 3_000_000 });
    assert.ok(jobs.status().diskBytes >= 3_000_000 && jobs.status().diskBytes < 3_100_000);
    await Promise.all(declared.map(({ reservation }) => reservation.release()));
    assert.equal(jobs.status().diskBytes, 0);
    const first = await jobs.reserve(undefined, { maxFiles: 32, durable: true });
    const second = await first.another();
    await assert.rejects(first.another(), failsWith('disk_full'));
    await Promise.all([first.release(), second.release()]);
    assert.equal(jobs.status().diskBytes, 0);
  });
});
