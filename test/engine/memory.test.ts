import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import { until } from '../until.js';
import { rig } from './rig.js';

const lacksMemory = (thrown: unknown): boolean => {
  assert.ok(thrown instanceof TesseraError, String(thrown));
  assert.equal(thrown.code, 'engine_unavailable');
  assert.match(thrown.message, /not enough memory/);
  assert.ok((thrown.details.retryAfterSeconds ?? 0) > 0);
  assert.match(thrown.internal ?? '', /vips_tracked/);
  return true;
};

/** Resolves once a single job is in the engine. */
async function left(engine: () => { readonly jobs: number }): Promise<void> {
  await until(() => engine().jobs <= 1, 'A single job is in the engine.');
}

describe('memory that runs out while an image is encoded', () => {
  it('makes a job that shared its engine run again alone, in the same process', async (test) => {
    const { supervisor, run, engine } = await rig(test);
    const other = await run({ heldAtTile: 1 });
    await other.progressed();
    const job = await run({ lacksMemory: 'beside others' });
    await job.progressed();
    // It waits for an engine of its own, which there is once the other has ended.
    await left(engine);
    await other.letGo();
    const [mine, others] = await Promise.all([job.result, other.result]);
    assert.deepEqual([mine.model, others.model], ['first', 'first']);
    assert.equal(new Set(await job.runs()).size, 1);
    assert.equal((await job.runs()).length, 2);
    assert.equal(supervisor.status().restarts, 0);
  });

  it('is told to come back later when it was alone, and when it lacks memory alone too', async (test) => {
    const { run, engine } = await rig(test);
    const alone = await run({ lacksMemory: 'always' });
    await assert.rejects(alone.result, lacksMemory);
    assert.equal((await alone.runs()).length, 1);
    const other = await run({ heldAtTile: 1 });
    await other.progressed();
    const shared = await run({ lacksMemory: 'always' });
    await shared.progressed();
    await left(engine);
    await other.letGo();
    await assert.rejects(shared.result, lacksMemory);
    // Beside the other, alone, and alone in a new process.
    const runs = await shared.runs();
    assert.equal(runs.length, 3);
    assert.equal(new Set(runs).size, 2);
    assert.equal((await other.result).model, 'first');
  });
});
