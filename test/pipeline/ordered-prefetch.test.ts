import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextRound } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { OrderedPrefetch } from '../../src/pipeline/raster/ordered-prefetch.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('results of an ordered prefetch', () => {
  it('come in order, though they end in any', async () => {
    const rounds = [5, 0, 3, 1, 4, 2];
    const ahead = new OrderedPrefetch(rounds, 3, async (left) => {
      for (let round = left; round > 0; round -= 1) await nextRound();
      return left;
    });
    const taken = [];
    for (const _ of rounds) taken.push(await ahead.next());
    assert.deepEqual(taken, rounds);
  });

  it('are computed one by one when asked for, if only one is computed at once', async () => {
    const begun: number[] = [];
    const ahead = new OrderedPrefetch([1, 2, 3], 1, async (input) => begun.push(input));
    await ahead.next();
    await nextRound();
    assert.deepEqual(begun, [1]);
    await ahead.next();
    assert.deepEqual(begun, [1, 2]);
    await ahead.stop();
  });

  it('are not computed without end while nobody takes them', async () => {
    let begun = 0;
    const ahead = new OrderedPrefetch(
      Array.from({ length: 100 }, (_, index) => index),
      2,
      async () => {
        begun += 1;
      },
    );
    await ahead.next();
    for (let round = 0; round < 50; round += 1) await nextRound();
    assert.ok(begun <= 6, `${begun}`);
    await ahead.stop();
  });

  it('are let go when they have been taken', async () => {
    let held = 0;
    const gone = new FinalizationRegistry(() => {
      held -= 1;
    });
    const ahead = new OrderedPrefetch(
      Array.from({ length: 40 }, (_, index) => index),
      2,
      async () => {
        const result = { bytes: new Uint8Array(1000) };
        held += 1;
        gone.register(result, undefined);
        return result;
      },
    );
    for (let index = 0; index < 40; index += 1) await ahead.next();
    for (let round = 0; round < 100 && held > 5; round += 1) {
      collectGarbage();
      await nextRound();
    }
    assert.ok(held <= 5, `${held} of 40 are still held`);
    await ahead.stop();
  });

  it('are waited for before the end, and none is begun after a failure', async () => {
    let atWork = 0;
    let begun = 0;
    const ahead = new OrderedPrefetch([0, 1, 2, 3, 4, 5], 3, async (input) => {
      begun += 1;
      atWork += 1;
      for (let round = 0; round < input * 4; round += 1) await nextRound();
      atWork -= 1;
      if (input === 0) throw new Error('the first');
    });
    await assert.rejects(ahead.next(), /the first/);
    await ahead.stop();
    assert.equal(atWork, 0);
    assert.equal(begun, 3);
  });
});
