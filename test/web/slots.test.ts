import assert from 'node:assert/strict';
import test from 'node:test';
import { Slots } from '../../src/web/assets/jobs/slots.js';

const open = new AbortController().signal;

test('slots are given in the order in which they were asked for', async () => {
  const slots = new Slots(1);
  await slots.take(open);
  const order: number[] = [];
  const waiting = [1, 2, 3].map((number) => slots.take(open).then(() => order.push(number)));
  for (let given = 0; given < 3; given += 1) {
    slots.release();
    await waiting[given];
  }
  assert.deepEqual(order, [1, 2, 3]);
});

test('who gives up waiting gets none, and takes none from who waits behind', async () => {
  const slots = new Slots(1);
  await slots.take(open);
  const impatient = new AbortController();
  const left = slots.take(impatient.signal);
  const patient = slots.take(open);
  impatient.abort(new Error('enough'));
  await assert.rejects(left, /enough/);
  slots.release();
  await patient;
  assert.equal(slots.tryTake(), false);
  slots.release();
  assert.equal(slots.tryTake(), true);
});
