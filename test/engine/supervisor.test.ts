import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TesseraError } from '../../src/domain/errors.js';
import { monotonicMs } from '../../src/host/clock.js';
import { atEnd } from '../at-end.js';
import { gone, isRunning } from '../processes.js';
import { until } from '../until.js';
import { Outage, rig, runnerPath, settings, TASK } from './rig.js';

const failsWith = (code: string) => (thrown: unknown) =>
  thrown instanceof TesseraError && thrown.code === code;

describe('engine deaths', () => {
  it('runs a job again when its engine is killed in mid-job, without the candidate that was at work', async (test) => {
    const { supervisor, run, engine } = await rig(test);
    const job = await run({ tiles: 4, blockAtTile: 3, onlyUnderModel: 'first' });
    await job.progressed(({ tilesDone }) => tilesDone === 3);
    process.kill(engine().pid, 'SIGKILL');
    const result = await job.result;
    assert.equal(result.model, 'second');
    assert.equal(result.fallback, true);
    assert.deepEqual(
      result.attempts.map(({ model, provider, outcome, reason }) => ({ model, provider, outcome, reason })),
      [
        { model: 'first', provider: 'cpu', outcome: 'failed', reason: 'out_of_memory' },
        { model: 'second', provider: 'cpu', outcome: 'served', reason: undefined },
      ],
    );
    assert.equal(new Set(await job.runs()).size, 2);
    assert.equal(supervisor.status().restarts, 1);
  });

  it('leaves no candidate out when the engine died before one was at work', async (test) => {
    const { run } = await rig(test);
    const job = await run({ dieAtTile: -1, dieTimes: 1 });
    const result = await job.result;
    assert.equal(result.model, 'first');
    assert.equal(result.attempts.length, 1);
  });

  it('runs jobs that shared the dead engine again one at a time, without blame', async (test) => {
    const { run, engine } = await rig(test);
    const script = { tiles: 4, heldAtTile: 2 };
    const jobs = [await run(script), await run(script), await run(script)];
    await Promise.all(jobs.map((job) => job.progressed(({ tilesDone }) => tilesDone === 2)));
    const { pid } = engine();
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    let most = 0;
    const watch = jobs.map((job) =>
      job.progressed(({ tilesDone }) => {
        if (tilesDone === 3) most = Math.max(most, engine().jobs);
        return tilesDone === 3;
      }),
    );
    for (const job of jobs) await job.letGo();
    const results = await Promise.all(jobs.map((job) => job.result));
    await Promise.all(watch);
    assert.deepEqual(
      results.map(({ model }) => model),
      ['first', 'first', 'first'],
    );
    assert.equal(most, 1);
  });

  it('finds the guilty one among jobs that shared the engine', async (test) => {
    const { run, engine } = await rig(test);
    const innocent = await run({ heldAtTile: 1 });
    await innocent.progressed();
    const { pid } = engine();
    const guilty = await run({ tiles: 20, dieAtTile: 1, dieTimes: 2 });
    await gone(pid);
    await innocent.letGo();
    assert.equal((await guilty.result).model, 'second');
    assert.equal((await innocent.result).model, 'first');
  });

  it('restarts an engine that was killed while idle, and blames no job', async (test) => {
    const { supervisor, run, engine } = await rig(test);
    await supervisor.ready();
    process.kill(engine().pid, 'SIGKILL');
    assert.equal((await (await run({})).result).model, 'first');
  });

  it('replaces an engine that lost a device: the job goes on without that candidate, others there lose only time', async (test) => {
    const { run } = await rig(test);
    const other = await run({ heldAtTile: 1 });
    await other.progressed();
    const job = await run({ losesModels: ['first', 'second'] });
    const result = await job.result;
    await other.letGo();
    assert.equal(result.model, 'third');
    assert.deepEqual(
      result.attempts.map(({ reason }) => reason),
      ['device_lost', 'device_lost', undefined],
    );
    assert.equal((await other.result).model, 'first');
  });
});

describe('an engine that says nothing', () => {
  it('is killed, and its job runs on the next candidate', async (test) => {
    const { run } = await rig(test, { silenceMs: 600 });
    const job = await run({ blockAtTile: 1, onlyUnderModel: 'first' });
    assert.equal((await job.result).model, 'second');
  });

  it('is left alone while it has no work', async (test) => {
    const { supervisor, run, engine } = await rig(test, {
      silenceMs: 200,
      settings: { ...settings(), heartbeatMs: 60_000 },
    });
    await (await run({})).result;
    const { pid } = engine();
    await delay(500);
    assert.equal(engine().pid, pid);
    assert.equal(supervisor.status().restarts, 0);
  });
});

describe('stopping a job', () => {
  it('takes effect at the next tile', async (test) => {
    const { run, engine } = await rig(test);
    const job = await run({ tiles: 10_000, tileMs: 5, heldAtTile: 3 });
    await job.progressed(({ tilesDone }) => tilesDone === 3);
    job.abort.abort();
    await job.letGo();
    await assert.rejects(job.result, failsWith('cancelled'));
    const tiles = job.progress.at(-1)?.tilesDone ?? Number.NaN;
    assert.ok(tiles <= 5, `went on for ${tiles - 3} tiles`);
    assert.equal(engine().jobs, 0);
  });

  it('happens at the deadline too', async (test) => {
    const { supervisor, run } = await rig(test);
    await supervisor.ready();
    const job = await run({ tiles: 10_000, tileMs: 5 }, { deadlineAtMs: monotonicMs() + 300 });
    await assert.rejects(job.result, failsWith('deadline_exceeded'));
  });

  it('tells of the time that the job needs, by what its engine has measured', async (test) => {
    const { supervisor, run } = await rig(test);
    await supervisor.ready();
    const job = await run({ needsSeconds: 95, tiles: 10_000, tileMs: 5 });
    await job.progressed(({ tilesDone }) => tilesDone === 1);
    job.abort.abort(new TesseraError('deadline_exceeded', 'Late.'));
    await assert.rejects(job.result, (thrown: unknown) => {
      assert.ok(thrown instanceof TesseraError);
      assert.equal(thrown.details.estimateSeconds, 95);
      assert.match(thrown.message, /needs about 95 s/);
      return true;
    });
  });

  for (const [what, script] of [
    ['at work on something that cannot be stopped', { deafAtTile: 1 }],
    ['blocked', { blockAtTile: 1 }],
  ] as const)
    it(`is answered at the deadline, also by an engine that is ${what}`, async (test) => {
      const { supervisor, run, engine } = await rig(test, { silenceMs: 6000 });
      await supervisor.ready();
      const startedMs = monotonicMs();
      const job = await run(script, { deadlineAtMs: startedMs + 1500 });
      await assert.rejects(job.result, (thrown: unknown) => {
        assert.ok(thrown instanceof TesseraError);
        assert.equal(thrown.code, 'deadline_exceeded');
        assert.deepEqual(
          thrown.attempts.map(({ model, outcome, reason }) => [model, outcome, reason]),
          [['first', 'failed', 'over_time_budget']],
        );
        return true;
      });
      // It is still noted in its engine, until that is killed.
      assert.equal(engine().jobs, 1);
      const { pid } = engine();
      assert.ok(supervisor.leaving('job-1') instanceof Promise);
      await supervisor.leaving('job-1');
      assert.equal(isRunning(pid), false);
      assert.equal((await (await run({})).result).model, 'first');
    });

  it('is at once for a job that waits for an engine', async (test) => {
    const { run } = await rig(test, {
      launch: { runnerPath: runnerPath('scripted-runner'), environment: {}, execPath: '/bin/cat' },
    });
    const job = await run({});
    job.abort.abort();
    await assert.rejects(job.result, failsWith('cancelled'));
  });

  it('ends the engine of a job that does not listen, and only that job with it', async (test) => {
    const { run } = await rig(test, { silenceMs: 500 });
    const deaf = await run({ deafAtTile: 1 });
    await deaf.progressed(({ tilesDone }) => tilesDone === 1);
    deaf.abort.abort();
    const other = await run({ tiles: 2 });
    await assert.rejects(deaf.result, failsWith('cancelled'));
    assert.equal((await other.result).model, 'first');
  });
});

describe('tiles of several jobs', () => {
  it('let a small image through while a large one is running', async (test) => {
    const { run } = await rig(test);
    const large = await run({ tiles: 5000, tileMs: 1 });
    await large.progressed();
    const small = await run({ tiles: 5 });
    await small.result;
    const done = large.progress.at(-1)?.tilesDone ?? 5000;
    assert.ok(done < 1000, `the large one had done ${done} of 5000 tiles`);
    large.abort.abort();
    await assert.rejects(large.result, failsWith('cancelled'));
  });
});

describe('several engines', () => {
  it('share the jobs, the least loaded first', async (test) => {
    const { supervisor, run } = await rig(test, { engines: 2 });
    await supervisor.ready();
    await until(() => supervisor.status().state === 'ready', 'Both engines are ready.');
    const jobs = [await run({ heldAtTile: 1 }), await run({ heldAtTile: 1 })];
    await Promise.all(jobs.map((job) => job.progressed()));
    const pids = await Promise.all(jobs.map((job) => job.runs()));
    assert.equal(new Set(pids.flat()).size, 2);
  });
});

describe('an engine that cannot start', () => {
  for (const [what, launch] of [
    ['its program is missing', { runnerPath: runnerPath('scripted-runner'), execPath: '/nonexistent/node' }],
    ['its code is broken', { runnerPath: runnerPath('broken-runner') }],
  ] as const) {
    it(`fails jobs with engine_unavailable and is told as down when ${what}`, async (test) => {
      const { supervisor, run } = await rig(test, { launch: { ...launch, environment: process.env } });
      await assert.rejects((await run({})).result, failsWith('engine_unavailable'));
      await assert.rejects(supervisor.ready(), failsWith('engine_unavailable'));
      await assert.rejects(supervisor.plan(TASK), failsWith('engine_unavailable'));
      assert.equal(supervisor.status().state, 'down');
      await assert.rejects((await run({})).result, failsWith('engine_unavailable'));
    });
  }
});

describe('a time without engines', () => {
  async function outageRig(test: TestContext) {
    const outage = await Outage.create(test);
    const launch = { runnerPath: runnerPath('scripted-runner'), environment: process.env };
    const { execPath } = outage;
    return { outage, ...(await rig(test, { launch: { ...launch, execPath } })) };
  }

  it('ends no job: those at work and those that come wait for an engine', async (test) => {
    const { supervisor, run, outage } = await outageRig(test);
    const atWork = await run({ tiles: 3, heldAtTile: 1 });
    await atWork.progressed();
    await outage.begin(supervisor);
    assert.equal(supervisor.status().state, 'down');
    const late = await run({});
    await outage.end();
    await atWork.letGo();
    await Promise.all([atWork.result, late.result]);
    assert.equal(supervisor.status().startsFail, false);
  });

  it('is told to whoever waits past his deadline, as a reason to come back', async (test) => {
    const { supervisor, run, outage } = await outageRig(test);
    await (await run({})).result;
    await outage.begin(supervisor);
    const job = await run({}, { deadlineAtMs: monotonicMs() + 50 });
    await assert.rejects(job.result, (thrown) => {
      assert.ok(failsWith('engine_unavailable')(thrown) && thrown instanceof TesseraError);
      assert.ok((thrown.details.retryAfterSeconds ?? 0) > 0);
      return true;
    });
  });

  it('does not count for a job that nobody waits for: its deadline begins anew when an engine takes it', async (test) => {
    const { supervisor, run, outage } = await outageRig(test);
    const timeoutMs = 1000;
    const starts: number[] = [];
    const deadlineFromStart = () => {
      starts.push(monotonicMs());
      return monotonicMs() + timeoutMs;
    };
    const job = await run({ blockAtTile: 1, onlyUnderModel: 'first' }, {}, { deadlineFromStart });
    await job.progressed();
    const outageAtMs = monotonicMs();
    await outage.begin(supervisor);
    await delay(Math.max(0, outageAtMs + 2 * timeoutMs - monotonicMs()));
    await outage.end();
    assert.equal((await job.result).model, 'second');
    assert.equal(starts.length, 2);
    const late = await run({ tiles: 10_000, tileMs: 5 }, {}, { deadlineFromStart });
    await assert.rejects(late.result, failsWith('deadline_exceeded'));
  });

  it('from the very start is waited out by a job that nobody waits for, and by no other', async (test) => {
    const outage = await Outage.create(test);
    await outage.beginBeforeStart();
    const launch = { runnerPath: runnerPath('scripted-runner'), environment: process.env };
    const { supervisor, run } = await rig(test, { launch: { ...launch, execPath: outage.execPath } });
    const patient = await run({}, {}, { deadlineFromStart: () => monotonicMs() + 60_000 });
    await assert.rejects((await run({})).result, failsWith('engine_unavailable'));
    assert.equal(supervisor.status().startsFail, true);
    await outage.end();
    assert.equal((await patient.result).model, 'first');
  });
});

describe('a model that kills its engine while it is preloaded', () => {
  it('is not preloaded again, so that jobs can find out and go on without it', async (test) => {
    const launch = { runnerPath: runnerPath('dies-preloading-runner'), environment: process.env };
    const { supervisor, run } = await rig(test, { launch });
    assert.equal((await (await run({})).result).model, 'first');
    assert.equal(supervisor.status().restarts, 1);
  });
});

describe('dry runs and reports', () => {
  it('wait for a blocked engine no longer than the timeout of the dry run', async (test) => {
    const { supervisor, run } = await rig(test);
    const job = await run({ blockAtTile: 1 });
    await job.blocked();
    const options = { ...TASK.options, timeoutSeconds: 0.3 };
    await assert.rejects(supervisor.plan({ ...TASK, options }), failsWith('deadline_exceeded'));
    assert.equal(supervisor.status().restarts, 0);
  });

  it('come from an engine', async (test) => {
    const { supervisor } = await rig(test);
    const plan = await supervisor.plan({ ...TASK, header: { ...TASK.header, width: 10 } });
    assert.equal(plan.width, 40);
    const status = supervisor.status();
    assert.equal(status.state, 'ready');
    assert.equal(status.providers[0]?.detail, `process ${status.engines[0]?.pid}`);
  });
});

describe('closing', () => {
  it('lets jobs end within the grace period, takes no new ones, and leaves no process', async (test) => {
    const { supervisor, run, engine } = await rig(test);
    const job = await run({ heldAtTile: 1 });
    await job.progressed();
    const { pid } = engine();
    const closed = supervisor.close(60_000);
    await assert.rejects((await run({})).result, failsWith('shutting_down'));
    await job.letGo();
    assert.equal((await job.result).model, 'first');
    await closed;
    assert.equal(isRunning(pid), false);
  });

  it('still runs a job again whose engine dies within the grace period', async (test) => {
    const { supervisor, run, engine } = await rig(test);
    const job = await run({ blockAtTile: 1, onlyUnderModel: 'first' });
    await job.progressed();
    const closed = supervisor.close(60_000);
    process.kill(engine().pid, 'SIGKILL');
    assert.equal((await job.result).model, 'second');
    await closed;
  });

  it('ends what is still at work after the grace period', async (test) => {
    const { supervisor, run, engine } = await rig(test);
    const job = await run({ blockAtTile: 0 });
    await job.progressed();
    const { pid } = engine();
    await supervisor.close(0);
    await assert.rejects(job.result, failsWith('shutting_down'));
    assert.equal(isRunning(pid), false);
  });
});

describe('the engine process', () => {
  it('ignores the signals of a terminal and a container, which are for the server', async (test) => {
    const { run, engine } = await rig(test);
    const job = await run({ heldAtTile: 1 });
    await job.progressed();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(engine().pid, signal);
    await job.letGo();
    assert.equal((await job.result).model, 'first');
  });

  it('exits when its server is killed, also from within a job', async (test) => {
    const server = fork(fileURLToPath(new URL('./runners/doomed-server.js', import.meta.url)), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    atEnd(test, () => server.kill('SIGKILL'));
    const [pid] = (await once(server, 'message')) as [number];
    assert.equal(isRunning(pid), true);
    server.kill('SIGKILL');
    await once(server, 'exit');
    await gone(pid);
  });
});
