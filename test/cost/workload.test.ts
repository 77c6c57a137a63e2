import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Workload } from '../../src/cost/workload.js';

test('a request is delayed by each other one for the lesser of what the two have to do', () => {
  const workload = new Workload();
  const [large, small, mine] = [workload.enter(), workload.enter(), workload.enter()];
  large.begin(100);
  small.begin(1);
  assert.equal(mine.delay(10), 11);
  assert.equal(mine.delay(0.5), 1);
  large.worked(95_000);
  assert.equal(mine.delay(10), 6);
  small.end();
  small.worked(5);
  small.begin(50);
  assert.equal(mine.delay(10), 5);
  large.worked(1e9);
  assert.equal(mine.delay(10), 0);
});

test('work of unknown length counts for nothing, and one does not wait for oneself', () => {
  const workload = new Workload();
  const [other, mine] = [workload.enter(), workload.enter()];
  other.begin(undefined);
  mine.begin(40);
  assert.equal(mine.delay(10), 0);
});
