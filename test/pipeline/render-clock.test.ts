import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RenderClock } from '../../src/pipeline/render/render-clock.js';

describe('the clock of a render', () => {
  /** Runs a script of begins, ends and passing time. */
  async function after(script: readonly (readonly ['computing' | 'sinking' | 'waiting', number, number])[]) {
    let nowMs = 0;
    const clock = new RenderClock(() => nowMs);
    const ends = new Map<number, (() => void)[]>();
    const over: Promise<void>[] = [];
    for (nowMs = 0; nowMs <= 100; nowMs += 1) {
      for (const end of ends.get(nowMs) ?? []) end();
      // Its end is counted a few microtasks later.
      await new Promise((resolve) => setImmediate(resolve));
      for (const [occupation, from, to] of script.filter(([, begin]) => begin === nowMs)) {
        const work = () => new Promise<void>((end) => ends.set(to, [...(ends.get(to) ?? []), end]));
        assert.ok(from < to);
        over.push(clock.during(occupation, work));
      }
    }
    await Promise.all(over);
    return [clock.inferMs, clock.sinkMs, clock.turnWaitMs];
  }

  it('adds up what comes one after the other', async () => {
    const script = [
      ['waiting', 0, 5],
      ['computing', 5, 20],
      ['sinking', 22, 30],
      ['computing', 40, 41],
    ] as const;
    assert.deepEqual(await after(script), [16, 8, 5]);
  });

  it('counts tiles that are computed beside each other once', async () => {
    const script = [
      ['computing', 0, 60],
      ['computing', 10, 30],
      ['computing', 50, 80],
    ] as const;
    assert.deepEqual(await after(script), [80, 0, 0]);
  });

  it('counts no wait while a tile is computed', async () => {
    const script = [
      ['computing', 10, 30],
      ['sinking', 20, 50],
      ['waiting', 0, 70],
    ] as const;
    assert.deepEqual(await after(script), [20, 20, 30]);
  });

  it('counts work that fails, and lets its error through', async () => {
    let nowMs = 0;
    const clock = new RenderClock(() => nowMs);
    const failing = clock.during('computing', async () => {
      nowMs = 7;
      throw new Error('no memory');
    });
    await assert.rejects(failing, /no memory/);
    assert.equal(clock.inferMs, 7);
  });
});
