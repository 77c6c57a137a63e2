import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until, within } from './until.js';

describe('until', () => {
  it('returns the first answer that is neither false nor undefined', async () => {
    const answers = [false, undefined, 0, 1];
    assert.equal(await until(() => answers.shift(), 'A number.'), 0);
    assert.equal(await until(async () => 'later', 'A text.'), 'later');
  });

  it('fails with the sentence of the test when it has waited long enough', async () => {
    await assert.rejects(
      until(() => false, 'The sun rises.', 10),
      { message: 'Waited 0.01 s in vain. Expected: The sun rises.' },
    );
    let looks = 0;
    const seen = () => `A third look; there were ${looks}.`;
    await assert.rejects(
      until(
        () => {
          looks += 1;
          return false;
        },
        seen,
        0,
      ),
      /Expected: A third look; there were \d\.$/,
    );
  });
});

describe('within', () => {
  it('returns or throws what the promise does', async () => {
    assert.equal(await within(Promise.resolve(7), 'A number.'), 7);
    await assert.rejects(within(Promise.reject(new Error('its own')), 'A number.'), /^Error: its own$/);
  });

  it('fails with the sentence of the test for a promise that stays open', async () => {
    await assert.rejects(
      within(new Promise(() => undefined), 'The sun rises.', 10),
      /in vain\. Expected: The sun rises\.$/,
    );
  });
});
