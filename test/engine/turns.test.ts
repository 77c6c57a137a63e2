import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Turns } from '../../src/engine/turns.js';

const never = new AbortController().signal;

/** Takes `count` turns one after another and notes each. */
async function takeTurns(turns: Turns, jobId: string, count: number, notes: string[]): Promise<void> {
  for (let index = 0; index < count; index++) {
    const turn = await turns.take(jobId, never);
    notes.push(jobId);
    turn.end();
  }
}

/** As long as it takes to give turns to all who can have one. */
async function polled(): Promise<void> {
  for (let round = 0; round < 10; round++) await new Promise((resolve) => setImmediate(resolve));
}

describe('turns', () => {
  it('alternate between jobs', async () => {
    const turns = new Turns();
    const notes: string[] = [];
    await Promise.all(['a', 'b', 'c'].map((jobId) => takeTurns(turns, jobId, 4, notes)));
    assert.deepEqual(notes.join(''), 'abcabcabcabc');
  });

  it('are fair to a job that comes later, also when another asks for many at once', async () => {
    const turns = new Turns();
    const notes: string[] = [];
    const greedy = Array.from({ length: 10 }, () => takeTurns(turns, 'greedy', 1, notes));
    await Promise.all([...greedy, takeTurns(turns, 'modest', 3, notes)]);
    assert.ok(notes.lastIndexOf('modest') <= 6, notes.join(' '));
  });

  it('are held by one job at a time', async () => {
    const turns = new Turns();
    const first = await turns.take('a', never);
    let second = false;
    const waiting = turns.take('b', never).then((turn) => {
      second = true;
      return turn;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(second, false);
    first.end();
    first.end();
    (await waiting).end();
    assert.equal(second, true);
  });

  it('tell how long a job waited', async () => {
    const turns = new Turns();
    const first = await turns.take('a', never);
    const waiting = turns.take('b', never);
    await new Promise((resolve) => setTimeout(resolve, 30));
    first.end();
    const { waitedMs } = await waiting;
    assert.ok(waitedMs >= 25, `${waitedMs} ms`);
  });

  it('pass over a job that stopped while it waited', async () => {
    const turns = new Turns();
    const abort = new AbortController();
    const first = await turns.take('a', never);
    const stopped = turns.take('b', abort.signal);
    const next = turns.take('c', never);
    abort.abort(new Error('enough'));
    first.end();
    await assert.rejects(stopped, /enough/);
    (await next).end();
    await assert.rejects(turns.take('b', abort.signal), /enough/);
  });

  it('let the event loop poll between two tiles that block it', async () => {
    const turns = new Turns();
    const abort = new AbortController();
    // A timer stands for what else waits outside: a message, the end of the channel.
    setTimeout(() => abort.abort(new Error('heard')), 5);
    let tiles = 0;
    await assert.rejects(async () => {
      for (;;) {
        const turn = await turns.take('a', abort.signal);
        const endMs = performance.now() + 4;
        while (performance.now() < endMs);
        tiles++;
        turn.end();
      }
    }, /heard/);
    assert.ok(tiles <= 4, `${tiles} tiles`);
  });

  it('are held at once by tiles that may be computed beside each other, as many as the least of them allows', async () => {
    const turns = new Turns();
    const held = await Promise.all([turns.take('a', never, 3), turns.take('b', never, 3)]);
    let third = false;
    const waiting = turns.take('c', never, 2).then((turn) => {
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
    const turns = new Turns();
    const beside = await turns.take('a', never, 2);
    const notes: string[] = [];
    const alone = turns.take('b', never).then((turn) => {
      notes.push('alone');
      return turn;
    });
    const later = turns.take('a', never, 2).then((turn) => {
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
