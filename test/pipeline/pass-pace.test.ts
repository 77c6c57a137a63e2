import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PassPace } from '../../src/pipeline/render/pass-pace.js';
import type { TilePlan } from '../../src/tiling/plan.js';

/** A row of so many tiles of 100 pixels. */
function tiles(count: number): TilePlan {
  const starts = Array.from({ length: count }, (_, index) => 10 * index);
  return { columns: { tileLength: 10, starts, seams: [] }, rows: { tileLength: 10, starts: [0], seams: [] } };
}

describe('the pace of a pass', () => {
  it('is the time of the tiles that are done', () => {
    let nowMs = 0;
    const pace = new PassPace(tiles(4), 1, undefined, () => nowMs);
    nowMs = 1000;
    assert.deepEqual(pace.afterTile(0), {
      microsecondsPerPixel: 10_000,
      remainingMs: 3000,
      tileMs: 1000,
      stopMs: 0,
    });
    nowMs = 1500;
    assert.equal(pace.afterTile(0).remainingMs, 1500);
  });

  it('does not count the tiles beside the first as work that has not begun', () => {
    let nowMs = 0;
    const pace = new PassPace(tiles(16), 4, undefined, () => nowMs);
    nowMs = 6000;
    // Four at once, of which each takes 6 s: 18 s are left.
    const { remainingMs } = pace.afterTile(0);
    assert.ok(remainingMs > 9000 && remainingMs < 36_000, `${remainingMs} ms`);
  });

  it('counts the passes after it at this pace, but no faster than is known', () => {
    const left = (knownSpeed: number) => {
      let nowMs = 0;
      const pace = new PassPace(tiles(1), 1, knownSpeed, () => nowMs);
      nowMs = 1000;
      return pace.afterTile(100).remainingMs;
    };
    assert.equal(left(1), 1000);
    assert.equal(left(20_000), 2000);
  });
});
