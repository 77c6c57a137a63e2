import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  BORDER_PX,
  borderedSpan,
  FEATHER_PX,
  planAxis,
  planTiles,
  type SideRequirements,
  tilesAtOnce,
} from '../../src/tiling/plan.js';

const up = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;
const free: SideRequirements = { minimum: 1, multipleOf: 1 };

const requirements = fc.record({
  minimum: fc.integer({ min: 1, max: 80 }),
  multipleOf: fc.constantFrom(1, 2, 4, 8, 16, 64),
});
const lengths = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 20_000 }));
const tileSizes = fc.integer({ min: 1, max: 1200 });
const overlaps = fc.integer({ min: 0, max: 400 });

describe('planAxis', () => {
  it('covers every pixel with equal tiles that the model accepts, seams inside what neighbours share', () => {
    fc.assert(
      fc.property(
        lengths,
        tileSizes,
        overlaps,
        requirements,
        fc.boolean(),
        (length, tile, overlap, side, constant) => {
          const span = borderedSpan(length);
          const plan = planAxis(span, tile, overlap, side, constant);
          const { tileLength, starts, seams } = plan;
          assert.equal(tileLength % side.multipleOf, 0);
          assert.ok(tileLength >= side.minimum);
          const least = Math.ceil(side.minimum / side.multipleOf) * side.multipleOf;
          assert.ok(tileLength <= Math.max(least, tile, side.multipleOf), `${tileLength} for ${tile}`);
          assert.equal(starts[0], -up(BORDER_PX, side.multipleOf));
          for (const start of starts) assert.equal(up(start, side.multipleOf), start, 'a multiple');
          assert.equal(seams.length, starts.length - 1);
          const last = starts.at(-1) ?? 0;
          assert.ok(last + tileLength >= span.to);
          if (starts.length > 1) assert.equal(last + tileLength, up(span.to, side.multipleOf));
          for (const [index, seam] of seams.entries()) {
            const left = starts[index] ?? 0;
            const right = starts[index + 1] ?? 0;
            assert.ok(right > left, 'tiles advance');
            assert.ok(seam.from >= right && seam.to <= left + tileLength, 'both tiles have the seam');
            assert.ok(seam.to - seam.from <= FEATHER_PX);
            assert.ok(seam.from >= (seams[index - 1]?.to ?? span.from), 'seams do not meet');
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('gives neighbours the overlap that was asked for, where the tile has room for it', () => {
    fc.assert(
      fc.property(
        lengths,
        fc.integer({ min: 64, max: 600 }),
        fc.integer({ min: 0, max: 48 }),
        fc.constantFrom(1, 2, 3, 4, 8, 16),
        fc.constantFrom('free', 'constant', 'fixed'),
        (length, tile, overlap, multipleOf, shape) => {
          const fixed = shape === 'fixed' ? { fixed: up(tile, multipleOf) } : {};
          const side = { minimum: 1, multipleOf, ...fixed };
          const { tileLength, starts } = planAxis(
            borderedSpan(length),
            tile,
            overlap,
            side,
            shape === 'constant',
          );
          for (const [index, start] of starts.slice(1).entries())
            assert.ok((starts[index] ?? 0) + tileLength - start >= overlap);
        },
      ),
    );
  });

  it('takes no more tiles than multiples and overlap need', () => {
    fc.assert(
      fc.property(
        lengths,
        fc.integer({ min: 64, max: 600 }),
        fc.integer({ min: 0, max: 48 }),
        fc.constantFrom(1, 2, 8, 16),
        (length, tile, overlap, multipleOf) => {
          const span = borderedSpan(length);
          const { starts } = planAxis(span, tile, overlap, { minimum: 1, multipleOf });
          const longest = tile - (tile % multipleOf);
          const step = longest - up(overlap, multipleOf);
          const whole = up(span.to, multipleOf) + up(BORDER_PX, multipleOf);
          assert.equal(starts.length, 1 + Math.max(0, Math.ceil((whole - longest) / step)));
        },
      ),
    );
  });

  it('lays fixed tiles on multiples that their length is none of', () => {
    const plan = planAxis(borderedSpan(300), 512, 16, { minimum: 1, multipleOf: 8, fixed: 50 });
    assert.ok(plan.starts.every((start) => start % 8 === 0));
    assert.ok((plan.starts.at(-1) ?? 0) + 50 >= 310);
  });

  it('takes one tile for an image that fits, and tiles of the whole size where the shape must stay constant', () => {
    assert.deepEqual(planAxis(borderedSpan(100), 512, 32, free), {
      tileLength: 120,
      starts: [-10],
      seams: [],
    });
    assert.equal(planAxis(borderedSpan(900), 512, 32, free).tileLength, 476);
    assert.equal(planAxis(borderedSpan(900), 512, 32, free, true).tileLength, 512);
  });

  it('keeps to a fixed size, also for an image smaller than it', () => {
    const fixed = { minimum: 1, multipleOf: 1, fixed: 64 };
    assert.equal(planAxis(borderedSpan(5), 512, 16, fixed).tileLength, 64);
    const plan = planAxis(borderedSpan(300), 512, 16, fixed);
    assert.equal(plan.tileLength, 64);
    assert.equal((plan.starts.at(-1) ?? 0) + 64, 310);
  });
});

describe('planTiles', () => {
  const cost = { microsecondsPerPixel: 0.4, tileBudgetMs: 500, tileWorkers: 1 };
  const grid = (width: number, height: number, changes: object = {}) =>
    planTiles({
      columns: borderedSpan(width),
      rows: borderedSpan(height),
      tileSizePx: 512,
      overlapPx: 32,
      width: free,
      height: free,
      cost,
      ...changes,
    });

  it('never exceeds the tile size', () => {
    fc.assert(
      fc.property(lengths, lengths, fc.integer({ min: 33, max: 600 }), (width, height, tileSizePx) => {
        const plan = grid(width, height, { tileSizePx });
        assert.ok(plan.columns.tileLength <= tileSizePx && plan.rows.tileLength <= tileSizePx);
      }),
      { numRuns: 300 },
    );
  });

  it('takes shorter tiles for a slow model, without giving the whole gain away in margins', () => {
    const ofSpeed = (microsecondsPerPixel: number) => {
      const { columns, rows } = grid(2000, 2000, {
        cost: { microsecondsPerPixel, tileBudgetMs: 500, tileWorkers: 1 },
      });
      const pixels = columns.tileLength * rows.tileLength;
      return {
        ms: (pixels * microsecondsPerPixel) / 1000,
        computed: (pixels * columns.starts.length * rows.starts.length) / 2020 ** 2,
      };
    };
    assert.ok(ofSpeed(0.4).ms <= 500);
    assert.ok(ofSpeed(6).ms <= 1000 && ofSpeed(6).computed < 1.25, JSON.stringify(ofSpeed(6)));
    assert.ok(ofSpeed(180).ms <= 5000, JSON.stringify(ofSpeed(180)));
  });

  it('does not give for margins what small tiles save: at most a third more pixels than one tile for the whole image', () => {
    for (const [width, height] of [
      [512, 512],
      [1024, 1024],
      [2048, 1365],
      [6000, 4000],
    ] as const) {
      const { columns, rows } = grid(width, height);
      const computed = columns.tileLength * columns.starts.length * rows.tileLength * rows.starts.length;
      const least = (width + 2 * BORDER_PX) * (height + 2 * BORDER_PX);
      assert.ok(computed / least < 4 / 3, `${width} x ${height}: ${computed / least}`);
    }
  });

  it('keeps every tile worker at work, without tiles that are mostly margin', () => {
    for (const tileWorkers of [2, 4, 8]) {
      const { columns, rows } = grid(2048, 1365, {
        tileSizePx: 640,
        cost: { microsecondsPerPixel: 16 / tileWorkers, tileBudgetMs: 2000, tileWorkers },
      });
      const tiles = columns.starts.length * rows.starts.length;
      assert.equal(tilesAtOnce(tiles, tileWorkers), tileWorkers);
      const computed = Math.ceil(tiles / tileWorkers) * tileWorkers * columns.tileLength * rows.tileLength;
      assert.ok(computed / (2068 * 1385) < 1.3, `${tileWorkers} tileWorkers: ${computed / (2068 * 1385)}`);
    }
  });
});

describe('tilesAtOnce', () => {
  it('is one where most tile workers would have nothing to do', () => {
    assert.equal(tilesAtOnce(1, 8), 1);
    assert.equal(tilesAtOnce(3, 8), 1);
    assert.equal(tilesAtOnce(8, 8), 8);
    assert.equal(tilesAtOnce(9, 8), 1);
    assert.equal(tilesAtOnce(100, 8), 8);
    assert.equal(tilesAtOnce(5, 1), 1);
  });
});
