import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { TesseraError } from '../../src/domain/errors.js';
import type { Job, JobRequest } from '../../src/jobs/job.js';
import { LocalJobs } from '../../src/jobs/local-jobs.js';
import { atEnd } from '../at-end.js';
import { rig as engineRig, Outage, runnerPath } from '../engine/rig.js';
import type { Script } from '../engine/runners/scripted-runner.js';
import { until } from '../until.js';
import { config, failsWith, request, SILENT, tempDir } from './rig.js';

/** Jobs over a real supervisor, whose engines can be taken away. */
async function outageRig(test: TestContext) {
  const outage = await Outage.create(test);
  const launch = { runnerPath: runnerPath('scripted-runner'), environment: process.env };
  const folder = await tempDir(test);
  /** Jobs and engines of a service that starts now. */
  const open = async () => {
    const { supervisor } = await engineRig(test, { launch: { ...launch, execPath: outage.execPath } });
    const jobs = await LocalJobs.open(config(folder), supervisor, SILENT);
    atEnd(test, () => jobs.close(0));
    return { supervisor, jobs };
  };
  const { supervisor, jobs } = await open();
  await supervisor.ready();
  const upload = async (script: Script, timeoutSeconds: number, durable: boolean) => {
    const reservation = await jobs.reserve(1000, { maxFiles: 1, durable });
    const source = JSON.stringify(script);
    await writeFile(reservation.sourcePath, source);
    const asked: JobRequest = {
      ...request(),
      options: { ...request().options, timeoutSeconds },
      sourceBytes: source.length,
    };
    return { reservation, request: asked };
  };
  const submitDurable = async (script: Script, timeoutSeconds = 600): Promise<Job> => {
    const file = { ...(await upload(script, timeoutSeconds, true)), durable: { owner: '' } };
    const [kept] = await jobs.submitDurable([file]);
    assert.ok(kept);
    return kept.job;
  };
  const submit = async (script: Script, timeoutSeconds = 600): Promise<Job> => {
    const { reservation, request: asked } = await upload(script, timeoutSeconds, false);
    return jobs.submit(reservation, asked);
  };
  return { outage, supervisor, jobs, open, submitDurable, submit };
}

/** Waits at its second tile until it is let go. */
const HELD: Script = { tiles: 3, heldAtTile: 1 };

async function letGo(job: Job): Promise<void> {
  await writeFile(join(job.resultPath, '../go'), '');
}

describe('while no engine can be started', () => {
  it('durable jobs wait, however short their time, and all are done when one comes', async (test) => {
    const { outage, supervisor, jobs, submitDurable } = await outageRig(test);
    const timeoutSeconds = 3;
    const atWork: Job[] = [];
    for (let index = 0; index < 4; index++) atWork.push(await submitDurable(HELD, timeoutSeconds));
    for (const job of atWork) await until(() => job.progress?.tilesDone === 1, 'A tile of each job is done.');
    const waiting: Job[] = [await submitDurable({}, timeoutSeconds)];
    await outage.begin(supervisor);
    while (waiting.length < 8) waiting.push(await submitDurable({}, timeoutSeconds));
    await delay(1.5 * timeoutSeconds * 1000);
    for (const job of [...atWork, ...waiting]) assert.match(job.state, /^(queued|running)$/);
    assert.equal(jobs.status().kept, 12);
    await Promise.all(atWork.map(letGo));
    await outage.end();
    await Promise.all([...atWork, ...waiting].map((job) => job.settled));
  });

  it('those of a restart wait too', async (test) => {
    const { outage, supervisor, jobs, open, submitDurable } = await outageRig(test);
    await outage.begin(supervisor);
    const ids = [(await submitDurable({})).id, (await submitDurable({})).id];
    await jobs.close(0);
    const { jobs: after } = await open();
    await delay(500);
    const found = ids.map((id) => after.find(id, ''));
    for (const job of found) assert.match(job?.state ?? 'lost', /^(queued|running)$/);
    await outage.end();
    await Promise.all(found.map((job) => job?.settled));
  });

  it('one is cancelled as ever', async (test) => {
    const { outage, supervisor, jobs, submitDurable } = await outageRig(test);
    await outage.begin(supervisor);
    const job = await submitDurable({});
    assert.equal(await jobs.remove(job.id, ''), 'cancelled');
    await assert.rejects(job.settled, failsWith('cancelled'));
  });

  it('a request that was taken before waits until its deadline, and a new one is refused before its upload', async (test) => {
    const { outage, supervisor, submit } = await outageRig(test);
    const [patient, hasty] = [await submit(HELD), await submit(HELD, 3)];
    await until(() => patient.progress?.tilesDone === 1, 'A tile is done.');
    await outage.begin(supervisor);
    const ends = hasty.settled.catch((error: TesseraError) => error.code);
    await assert.rejects(submit({}), (thrown) => {
      assert.ok(failsWith('engine_unavailable')(thrown) && thrown instanceof TesseraError);
      assert.ok((thrown.details.retryAfterSeconds ?? 0) > 0);
      return true;
    });
    assert.equal(await ends, 'engine_unavailable');
    await letGo(patient);
    await outage.end();
    await patient.settled;
  });
});
