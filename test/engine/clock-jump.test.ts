import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { monotonicMs } from '../../src/host/clock.js';
import { realEngine } from './real-engine.js';
import { rig } from './rig.js';

const DAY_AHEAD = fileURLToPath(new URL('./runners/day-ahead.js', import.meta.url));

describe('a clock that is set a day ahead', () => {
  it('ends no job in an engine', async (test) => {
    const environment = { ...process.env, NODE_OPTIONS: `--import ${DAY_AHEAD}` };
    const { task, run, supervisor } = await realEngine(test, {}, { environment });
    const one = await task(40, 30);
    const result = await run({ ...one, deadlineAtMs: monotonicMs() + 60_000 });
    assert.equal(result.model, 'tessera-lite-x4');
    const plan = await supervisor.plan(one);
    assert.equal(plan.model, 'tessera-lite-x4');
  });

  it('ends no job in the server, before it was given to an engine or after', async (test) => {
    const { run } = await rig(test);
    const early = await run({ heldAtTile: 1 }, { deadlineAtMs: monotonicMs() + 60_000 });
    await early.progressed();
    const now = Date.now;
    test.mock.method(Date, 'now', () => now() + 86_400_000);
    const late = await run({}, { deadlineAtMs: monotonicMs() + 60_000 });
    await early.letGo();
    assert.equal((await early.result).model, 'first');
    assert.equal((await late.result).model, 'first');
  });
});
