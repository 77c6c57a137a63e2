import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fadeRows, placeRows, ramp, shareOf, shareWeights } from '../../src/tiling/blend.js';
import { borderedSpan, planAxis } from '../../src/tiling/plan.js';

describe('blend', () => {
  it('gives weights that sum to one for every output pixel, seams that reach into the border included', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 20_000 })),
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 0, max: 200 }),
        fc.constantFrom(1, 2, 4),
        (length, tile, overlap, scale) => {
          const axis = planAxis(borderedSpan(length), tile, overlap, { minimum: 1, multipleOf: 1 });
          // The fade is sequential: what a later tile takes with weight w, the earlier ones keep with 1 - w.
          const total = new Float64Array(length * scale);
          const shares = axis.starts.map((_, index) => shareOf(axis, index, 0, length));
          for (const [index, share] of shares.entries()) {
            if (share.to <= share.from) continue;
            const weights = shareWeights(share, scale, 1);
            const start = axis.starts[index] ?? 0;
            assert.ok(
              share.from >= Math.max(start, 0) && share.to <= Math.min(start + axis.tileLength, length),
            );
            for (let at = share.from * scale; at < share.to * scale; at += 1) {
              const weight = weights[at - share.from * scale] ?? 1;
              total[at] = (total[at] ?? 0) * (1 - weight) + weight;
            }
          }
          assert.ok(total.every((sum) => Math.abs(sum - 1) < 1e-12));
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('has symmetric ramps: both tiles of a seam count alike', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 64 }), (length) => {
        const weights = ramp(length);
        for (const [index, weight] of weights.entries())
          assert.ok(Math.abs(weight + (weights[length - 1 - index] ?? 0) - 1) < 1e-12);
      }),
    );
  });

  it('changes nothing where two tiles agree, in 8 and in 16 bits', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 24, maxLength: 24 }),
        fc.constantFrom<1 | 257>(1, 257),
        (bytes, factor) => {
          const values = factor === 1 ? bytes : Uint16Array.from(bytes, (value) => value * factor);
          const target = values.slice();
          const area = { stride: 12, offset: 0 };
          placeRows({ data: values, ...area }, { data: target, ...area }, 12, 2, ramp(6));
          fadeRows({ data: values, ...area }, { data: target, ...area }, 12, ramp(2));
          assert.deepEqual(target, values);
        },
      ),
    );
  });

  it('stays between the two tiles where they differ', () => {
    const earlier = new Uint8Array(8).fill(10);
    const later = new Uint8Array(8).fill(250);
    placeRows({ data: later, stride: 8, offset: 0 }, { data: earlier, stride: 8, offset: 0 }, 8, 1, ramp(4));
    assert.deepEqual([...earlier], [40, 100, 160, 220, 250, 250, 250, 250]);
  });
});
