import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nextToStart, type QueuedJob } from '../../src/jobs/queue/demand.js';

const limits = { maxRunning: 4, memoryBytes: 1000 };

function job(memoryBytes: number, pixels = 1000, alone = false): QueuedJob {
  return { cost: { memoryBytes, diskBytes: 10, pixels }, alone, overtaken: 0 };
}

describe('which job starts next', () => {
  it('is the first in the queue when all fit', () => {
    const queue = [job(100), job(100)];
    assert.equal(nextToStart(queue, [job(100)], 1000, limits), queue[0]);
  });

  it('is none when the slots are taken', () => {
    const running = Array.from({ length: 4 }, () => job(1));
    assert.equal(nextToStart([job(1)], running, 1000, limits), undefined);
  });

  it('is any job when nothing runs, however much it takes: it could never start otherwise', () => {
    const huge = job(1e12);
    assert.equal(nextToStart([huge], [], 0, limits), huge);
  });

  it('passes over one that does not fit, but not for ever', () => {
    const large = job(950);
    const running = [job(100)];
    let started = 0;
    while (nextToStart([large, job(1)], running, 1000, limits) !== undefined) started++;
    assert.ok(started > 1 && started < 1000, `${started} overtook it`);
    assert.equal(nextToStart([large], [], 1000, limits), large);
  });

  it('is one that must be alone only when nothing runs, and nothing beside it; others pass it, but not for ever', () => {
    const alone = job(1, 1000, true);
    const other = job(1);
    assert.equal(nextToStart([alone, other], [], 1000, limits), alone);
    assert.equal(nextToStart([other], [alone], 1000, limits), undefined);
    let started = 0;
    while (nextToStart([alone, other], [job(1)], 1000, limits) === other) started++;
    assert.ok(started > 1 && started < 1000, `${started} overtook it`);
  });

  it('never exceeds memory, disk or slots, but for a job alone', () => {
    const cost = fc.record({
      memoryBytes: fc.integer({ min: 0, max: 1500 }),
      diskBytes: fc.integer({ min: 0, max: 500 }),
      pixels: fc.integer({ min: 1, max: 3_000_000 }),
    });
    fc.assert(
      fc.property(
        fc.array(cost),
        fc.array(cost, { maxLength: 5 }),
        fc.integer({ min: 0, max: 500 }),
        (costs, running, disk) => {
          const chosen = nextToStart(
            costs.map((one) => ({ cost: one, alone: false, overtaken: 0 })),
            running.map((one) => ({ cost: one, alone: false })),
            disk,
            limits,
          );
          if (chosen === undefined || running.length === 0) return;
          const memory = running.reduce((sum, one) => sum + one.memoryBytes, chosen.cost.memoryBytes);
          assert.ok(
            memory <= limits.memoryBytes &&
              chosen.cost.diskBytes <= disk &&
              running.length < limits.maxRunning,
          );
        },
      ),
    );
  });
});
