import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FairTileScheduler } from '../../src/engine/worker/tile-scheduler.js';

const never = new AbortController().signal;

/** Turns by a clock that only tiles move. */
class Timed {
  nowMs = 0;
  readonly scheduler = new FairTileScheduler(() => this.nowMs);
  readonly notes: string[] = [];

  /** Takes `count` turns one after another, of so many milliseconds each, and notes each. */
  async take(jobId: string, count: number, ms = 10): Promise<void> {
    for (let index = 0; index < count; index++) {
      const turn = await this.scheduler.take(jobId, never);
      this.notes.push(jobId);
      this.nowMs += ms;
      turn.end();
    }
  }
}

/** As long as it takes to give turns to all who can have one. */
async function polled(): Promise<void> {
  for (let round = 0; round < 10; round++) await new Promise((resolve) => setImmediate(resolve));
}

describe('turns of the tile scheduler', () => {
  it('alternate between jobs', async () => {
    const timed = new Timed();
    await Promise.all(['a', 'b', 'c'].map((jobId) => timed.take(jobId, 4)));
    assert.deepEqual(timed.notes.join(''), 'abcabcabcabc');
  });

  it('are fair to a job that comes later, also when another asks for many at once', async () => {
    const timed = new Timed();
    const greedy = Array.from({ length: 10 }, () => timed.take('greedy', 1));
    await Promise.all([...greedy, timed.take('modest', 3)]);
    assert.ok(timed.notes.lastIndexOf('modest') <= 6, timed.notes.join(' '));
  });

  it('give short tiles as much time as long ones', async () => {
    const timed = new Timed();
    await Promise.all([timed.take('long', 3, 6000), timed.take('short', 40, 100)]);
    assert.ok(timed.notes.lastIndexOf('short') <= 41, 'one long tile is all that it waits for');
  });

  it('are not saved up by a job that does not come for them', async () => {
    const timed = new Timed();
    await timed.take('absent', 1);
    await timed.take('busy', 20);
    const from = timed.notes.length;
    await Promise.all([timed.take('busy', 4), timed.take('absent', 4)]);
    const back = timed.notes.slice(from, from + 4);
    assert.equal(back.filter((job) => job === 'absent').length, 2, timed.notes.join(' '));
  });

  it('fill all tile workers between two tiles that must be alone', async () => {
    const timed = new Timed();
    const first = await timed.scheduler.take('alone', never);
    const tileWorkers = [1, 2, 3].map(() => timed.scheduler.take('workers', never, 3));
    timed.nowMs += 100;
    first.end();
    const second = timed.scheduler.take('alone', never);
    for (const turn of await Promise.all(tileWorkers)) turn.end();
    (await second).end();
  });

  it('are held by one job at a time', async () => {
    const scheduler = new FairTileScheduler();
    const first = await scheduler.take('a', never);
    let second = false;
    const waiting = scheduler.take('b', never).then((turn) => {
      second = true;
      return turn;
    });
    await polled();
    assert.equal(second, false);
    first.end();
    first.end();
    (await waiting).end();
    assert.equal(second, true);
  });

  it('pass over a job that stopped while it waited', async () => {
    const scheduler = new FairTileScheduler();
    const abort = new AbortController();
    const first = await scheduler.take('a', never);
    const stopped = scheduler.take('b', abort.signal);
    const next = scheduler.take('c', never);
    abort.abort(new Error('enough'));
    first.end();
    await assert.rejects(stopped, /enough/);
    (await next).end();
    await assert.rejects(scheduler.take('b', abort.signal), /enough/);
  });

  it('let the event loop poll between two tiles that block it', async () => {
    const scheduler = new FairTileScheduler();
    const abort = new AbortController();
    // A timer stands for what else waits outside: a message, the end of the channel.
    setTimeout(() => abort.abort(new Error('heard')), 5);
    let tiles = 0;
    await assert.rejects(async () => {
      for (;;) {
        const turn = await scheduler.take('a', abort.signal);
        const endMs = performance.now() + 4;
        while (performance.now() < endMs);
        tiles++;
        turn.end();
      }
    }, /heard/);
    assert.ok(tiles <= 4, `${tiles} tiles`);
  });

  it('are held at once by tiles that may be computed beside each other, as many as the least of them allows', async () => {
    const scheduler = new FairTileScheduler();
    const held = await Promise.all([scheduler.take('a', never, 3), scheduler.take('b', never, 3)]);
    let third = false;
    const waiting = scheduler.take('c', never, 2).then((turn) => {
      third = true;
      return turn;
    });
    await polled();
    assert.equal(third, false);
    held[0]?.end();
    (await waiting).end();
    held[1]?.end();
  });

  it('come in the order of those that wait, also for one that must be alone', async () => {
    const scheduler = new FairTileScheduler();
    const beside = await scheduler.take('a', never, 2);
    const notes: string[] = [];
    const alone = scheduler.take('b', never).then((turn) => {
      notes.push('alone');
      return turn;
    });
    const later = scheduler.take('a', never, 2).then((turn) => {
      notes.push('later');
      return turn;
    });
    await polled();
    assert.deepEqual(notes, []);
    beside.end();
    (await alone).end();
    (await later).end();
    assert.deepEqual(notes, ['alone', 'later']);
  });
});
