import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { IdleTime } from '../../src/engine/worker/idle-time.js';

describe('idle time', () => {
  it('begins some time after the last job, and ends when one comes', async () => {
    const signals: AbortSignal[] = [];
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const idle = new IdleTime(async (signal) => {
      signals.push(signal);
      begin();
    }, 20);
    let letGo = () => {};
    const long = idle.without(
      () =>
        new Promise<void>((resolve) => {
          letGo = resolve;
        }),
    );
    await idle.without(async () => {});
    await delay(60);
    assert.equal(signals.length, 0, 'a job was inside');
    letGo();
    await long;
    const alive = setInterval(() => {}, 1000);
    await begun;
    clearInterval(alive);
    assert.equal(signals[0]?.aborted, false);
    await idle.without(async () => assert.equal(signals[0]?.aborted, true));
  });

  it('does not begin between jobs that come one right after another', async () => {
    let begun = 0;
    const idle = new IdleTime(async () => {
      begun++;
    }, 1000);
    for (let job = 0; job < 20; job++) await idle.without(() => delay(1));
    assert.equal(begun, 0);
  });
});
