import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import type { Attempt } from '../../src/domain/types.js';
import { gone } from '../processes.js';
import { type Running, rig } from './rig.js';

const NET = { model: 'first', provider: 'cpu' } as const;
const TOO_LARGE: Attempt = { ...NET, tileSizePx: 512, outcome: 'failed', reason: 'out_of_memory', ms: 3 };

const short = (attempts: readonly Attempt[]): string[] =>
  attempts.map(({ model, outcome, reason }) => [model, outcome, reason].filter(Boolean).join(' '));

async function failure(job: Running): Promise<{ code: string; attempts: string[] }> {
  const error = await job.result.then(
    () => assert.fail('the job was served'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof TesseraError, String(error));
  return { code: error.code, attempts: short(error.attempts) };
}

describe('attempts of a job that failed', () => {
  it('come with the refusal of a fallback', async (test) => {
    const { run } = await rig(test);
    const job = await run({ attempts: [TOO_LARGE], refuses: true });
    assert.deepEqual(await failure(job), {
      code: 'fallback_refused',
      attempts: ['first failed out_of_memory', 'first failed out_of_memory'],
    });
  });

  it('come with the end of all, each death under a network included', async (test) => {
    const { run } = await rig(test);
    assert.deepEqual(await failure(await run({ dieAtTile: 1, dieBy: 'SIGSEGV' })), {
      code: 'engine_unavailable',
      attempts: [
        'first failed engine_crash',
        'second failed engine_crash',
        'third failed engine_crash',
        'lanczos failed engine_crash',
        'lanczos failed engine_crash',
      ],
    });
  });

  it('come with an end that the server decided on: late, or stuck', async (test) => {
    const { run } = await rig(test, { silenceMs: 500 });
    for (const script of [{ tiles: 100_000, tileMs: 2 }, { deafAtTile: 1 }]) {
      const job = await run({ ...script, attempts: [TOO_LARGE] });
      await job.progressed(({ tilesDone }) => tilesDone === 1);
      job.abort.abort(new TesseraError('deadline_exceeded', 'Late.'));
      assert.deepEqual(await failure(job), {
        code: 'deadline_exceeded',
        attempts: ['first failed out_of_memory'],
      });
    }
  });
});

describe('attempts of a job that was late', () => {
  it('never say that a model served whose picture was not encoded in time', async (test) => {
    const { run } = await rig(test);
    const late = await run({ deafServed: true });
    await late.progressed(({ stage }) => stage === 'encode');
    late.abort.abort(new TesseraError('deadline_exceeded', 'Late.'));
    assert.deepEqual(await failure(late), {
      code: 'deadline_exceeded',
      attempts: ['first failed over_time_budget'],
    });
  });

  it('nor where it was cancelled meanwhile', async (test) => {
    const { run } = await rig(test);
    const cancelled = await run({ deafServed: true });
    await cancelled.progressed(({ stage }) => stage === 'encode');
    cancelled.abort.abort();
    assert.deepEqual(await failure(cancelled), { code: 'cancelled', attempts: [] });
  });
});

describe('attempts from before a crash', () => {
  it('stay on record, before the crash and what came after it', async (test) => {
    const { run } = await rig(test);
    const job = await run({ attempts: [TOO_LARGE], dieAtTile: 1, dieTimes: 1 });
    const { attempts } = await job.result;
    // The second run of this script tells of it once more: only skips are told once, and by the chain.
    assert.deepEqual(short(attempts).slice(0, 2), [
      'first failed out_of_memory',
      'first failed out_of_memory',
    ]);
    assert.deepEqual(attempts[0], TOO_LARGE);
    assert.equal(short(attempts).at(-1), 'second served');
  });

  it('stay on record for a job that shared the dead engine', async (test) => {
    const { run, engine } = await rig(test);
    const jobs = [await run({ heldAtTile: 1, attempts: [TOO_LARGE] }), await run({ heldAtTile: 1 })];
    await Promise.all(jobs.map((job) => job.progressed(({ tilesDone }) => tilesDone === 1)));
    const { pid } = engine();
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    for (const job of jobs) await job.letGo();
    const [first, second] = await Promise.all(jobs.map(async (job) => short((await job.result).attempts)));
    assert.deepEqual(first, ['first failed out_of_memory', 'first served']);
    assert.deepEqual(second, ['first served']);
  });

  it('hold no candidate that served and lost its image with the engine', async (test) => {
    const { run } = await rig(test);
    const { attempts } = await (await run({ diesServed: 1 })).result;
    assert.deepEqual(short(attempts), ['first served']);
  });
});
