import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import { until } from '../until.js';
import { type Running, rig } from './rig.js';

/** Who was tried and why it did not serve, then who served. */
async function story(job: Running): Promise<string[]> {
  const { attempts } = await job.result;
  return attempts.map(({ model, outcome, reason }) => `${model} ${reason ?? outcome}`);
}

async function failure(job: Running): Promise<TesseraError> {
  const end = await job.result.then(
    ({ model }) => assert.fail(`${model} served`),
    (thrown: unknown) => thrown,
  );
  assert.ok(end instanceof TesseraError, String(end));
  return end;
}

describe('a death while a network is at work', () => {
  it('costs that network alone: the next one serves', async (test) => {
    const { run } = await rig(test);
    const job = await run({ dieAtTile: 1, dieBy: 'SIGSEGV', onlyUnderModel: 'first' });
    assert.deepEqual(await story(job), ['first engine_crash', 'second served']);
  });

  it('under each of them leaves the image to Lanczos, and blames it for nothing', async (test) => {
    const { run } = await rig(test);
    const job = await run({ dieAtTile: 1, dieTimes: 3 });
    assert.deepEqual(await story(job), [
      'first out_of_memory',
      'second out_of_memory',
      'third out_of_memory',
      'lanczos served',
    ]);
  });

  it('by the system is told as memory, by a fault of its own as a crash, by its last words as memory again', async (test) => {
    const { run } = await rig(test);
    for (const [script, reason] of [
      [{ dieBy: 'SIGKILL' }, 'out_of_memory'],
      [{ dieBy: 'SIGSEGV' }, 'engine_crash'],
      [{ dieBy: 'SIGSEGV', lastWords: 'FATAL ERROR: JavaScript heap out of memory' }, 'out_of_memory'],
    ] as const) {
      const { attempts } = await (await run({ dieAtTile: 1, dieTimes: 1, ...script })).result;
      assert.equal(attempts[0]?.reason, reason);
    }
  });
});

describe('two deaths outside of the networks', () => {
  it('by a fault while the image is read blame the image', async (test) => {
    const { run } = await rig(test);
    const job = await run({ dieAtTile: -1, dieBy: 'SIGSEGV' });
    assert.equal((await failure(job)).code, 'image_crashes_engine');
    assert.equal((await job.runs()).length, 2);
  });

  it('for want of memory blame nobody: the client may come back', async (test) => {
    const { run } = await rig(test);
    for (const script of [{ dieAtTile: -1 }, { diesServed: 9 }]) {
      const { code, message, details } = await failure(await run(script));
      assert.equal(code, 'engine_unavailable');
      assert.match(message, /not enough memory/);
      assert.ok((details.retryAfterSeconds ?? 0) > 0);
    }
  });

  it('by a fault while the result is encoded name that step', async (test) => {
    const { run } = await rig(test);
    const { code, message } = await failure(await run({ diesServed: 9, dieBy: 'SIGSEGV' }));
    assert.equal(code, 'engine_unavailable');
    assert.match(message, /while the result was encoded/);
  });
});

describe('an engine in which memory ran out', () => {
  it('is replaced once it is idle, if a network had served in it, and the job runs again in the new one', async (test) => {
    const { run, engine } = await rig(test);
    await (await run({})).result;
    const { pid } = engine();
    const job = await run({ lacksMemory: 'in an old process' });
    assert.equal((await job.result).model, 'first');
    assert.notEqual(engine().pid, pid);
  });

  it('is replaced as well when a network did not fit into it any more', async (test) => {
    const { supervisor, run, engine } = await rig(test);
    await (await run({})).result;
    const { pid } = engine();
    const tooLarge = {
      model: 'zeroth',
      provider: 'cpu',
      outcome: 'failed',
      reason: 'out_of_memory',
      ms: 1,
    } as const;
    assert.equal((await (await run({ attempts: [tooLarge] })).result).model, 'first');
    await (await run({})).result;
    assert.notEqual(engine().pid, pid);
    assert.equal(supervisor.status().restarts, 1);
  });

  it('is left alone when memory ran out in another engine', async (test) => {
    const { supervisor, run } = await rig(test, { engines: 2 });
    await until(() => supervisor.status().state === 'ready', 'Both engines are ready.');
    const both = [await run({ heldAtTile: 1 }), await run({ heldAtTile: 1 })];
    await Promise.all(both.map((job) => job.progressed(({ tilesDone }) => tilesDone === 1)));
    for (const job of both) await job.letGo();
    await Promise.all(both.map(({ result }) => result));
    const job = await run({ dieAtTile: 1, dieTimes: 1 });
    assert.deepEqual(await story(job), ['first out_of_memory', 'second served']);
    const heir = (await job.runs()).at(-1);
    await (await run({})).result;
    assert.equal(supervisor.status().engines.find(({ pid }) => pid === heir)?.state, 'ready');
  });

  it('is not replaced for a job that does not fit into a new one either', async (test) => {
    const { supervisor, run } = await rig(test);
    await (await run({})).result;
    for (let request = 0; request < 3; request++) {
      const { code } = await failure(await run({ lacksMemory: 'always' }));
      assert.equal(code, 'engine_unavailable');
    }
    assert.equal(supervisor.status().restarts, 1);
  });
});
