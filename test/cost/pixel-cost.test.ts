import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PixelCost } from '../../src/cost/pixel-cost.js';

const MEGAPIXEL = 1e6;
const FIRST_GUESS = { fixedMs: 20, microsecondsPerPixel: 3 };

/** The true cost of a machine, in milliseconds. */
const truth = (fixedMs: number, microsecondsPerPixel: number) => (pixels: number) =>
  fixedMs + (microsecondsPerPixel * pixels) / 1000;
const machine = fc
  .tuple(fc.double({ min: 0.5, max: 60, noNaN: true }), fc.double({ min: 0.3, max: 30, noNaN: true }))
  .map(([fixedMs, microsecondsPerPixel]) => truth(fixedMs, microsecondsPerPixel));
/** From one pixel to 24 megapixels, each order of magnitude as often as another. */
const pixels = fc
  .double({ min: 0, max: Math.log(24e6), noNaN: true })
  .map((power) => Math.round(Math.exp(power)));

describe('the cost of an image', () => {
  it('of 1 megapixel stays between the first guess and the truth, within a factor of 3, after any mix of sizes', () => {
    fc.assert(
      fc.property(machine, fc.array(pixels, { maxLength: 200 }), (trueMs, sizes) => {
        const cost = new PixelCost(FIRST_GUESS);
        const guessedMs = cost.estimateMs(MEGAPIXEL);
        for (const size of sizes) cost.record(size, trueMs(size));
        const told = cost.estimateMs(MEGAPIXEL);
        const rightMs = trueMs(MEGAPIXEL);
        assert.ok(told < 3 * Math.max(rightMs, guessedMs), `${told} ms instead of ${rightMs}`);
        assert.ok(told > Math.min(rightMs, guessedMs) / 3, `${told} ms instead of ${rightMs}`);
      }),
      { numRuns: 300 },
    );
  });

  it('once learnt from photographs is not unlearnt by a thousand tiny images, some of them stalled', () => {
    fc.assert(
      fc.property(machine, pixels, (trueMs, start) => {
        const cost = new PixelCost(FIRST_GUESS);
        for (let i = 0; i < 40; i++) cost.record(i % 2 === 0 ? 4e6 : 5e5, trueMs(i % 2 === 0 ? 4e6 : 5e5));
        for (let i = 0; i < 1000; i++) {
          const size = 1 + ((start + i * 769) % (64 * 64));
          cost.record(size, trueMs(size) * (i % 10 === 0 ? 10 : 1));
        }
        const ratio = cost.estimateMs(MEGAPIXEL) / trueMs(MEGAPIXEL);
        assert.ok(ratio > 1 / 2 && ratio < 2, `${ratio} times the truth`);
      }),
    );
  });

  it('is learnt where the first guess of its fixed time is far too long', () => {
    const cost = new PixelCost(FIRST_GUESS);
    const trueMs = truth(0.5, 0.3);
    for (let i = 0; i < 60; i++) cost.record(3300, trueMs(3300));
    const ratio = cost.estimateMs(3300) / trueMs(3300);
    assert.ok(ratio > 0.9 && ratio < 1.1, `${ratio} times the truth`);
  });

  it('of any size is learnt from images of that size', () => {
    fc.assert(
      fc.property(machine, pixels, (trueMs, size) => {
        const cost = new PixelCost(FIRST_GUESS);
        for (let i = 0; i < 60; i++) cost.record(size, trueMs(size));
        const ratio = cost.estimateMs(size) / trueMs(size);
        assert.ok(ratio > 0.9 && ratio < 1.1, `${ratio} times the truth for ${size} pixels`);
      }),
    );
  });
});
