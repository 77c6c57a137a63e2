import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  centred,
  clamped,
  fitZoom,
  nextZoom,
  usefulZoom,
  zoomedAt,
} from '../../src/web/assets/stage/view.js';

const size = fc.record({
  width: fc.integer({ min: 1, max: 30_000 }),
  height: fc.integer({ min: 1, max: 30_000 }),
});
const frame = fc.record({
  width: fc.integer({ min: 100, max: 4000 }),
  height: fc.integer({ min: 100, max: 2000 }),
});
const zoom = fc.double({ min: 0.01, max: 8, noNaN: true });
const offset = fc.integer({ min: -50_000, max: 50_000 });

test('a picture larger than its window leaves no gap; a smaller one is in the middle', () => {
  fc.assert(
    fc.property(size, frame, zoom, offset, offset, (picture, window, z, x, y) => {
      const view = clamped({ zoom: z, x, y }, picture, window);
      for (const [at, length, room] of [
        [view.x, picture.width * z, window.width],
        [view.y, picture.height * z, window.height],
      ] as const) {
        if (length <= room) assert.ok(Math.abs(at - (room - length) / 2) <= 0.5);
        else assert.ok(at <= 0.5 && at + length >= room - 0.5);
      }
    }),
  );
});

test('zooming keeps what is under the pointer there, while the picture covers the window', () => {
  fc.assert(
    fc.property(zoom, fc.double({ min: 1.05, max: 3, noNaN: true }), (z, factor) => {
      const picture = { width: 100_000, height: 100_000 };
      const window = { width: 900, height: 600 };
      const point = { x: 450, y: 200 };
      const before = centred(picture, window, z);
      const after = zoomedAt(before, z * factor, point, picture, window);
      const under = (view: typeof before) => (point.x - view.x) / view.zoom;
      assert.ok(Math.abs(under(before) - under(after)) * after.zoom <= 1);
    }),
  );
});

test('stepping in and out reaches "fit" and 100 % exactly, and stays within what is useful', () => {
  fc.assert(
    fc.property(size, frame, (picture, window) => {
      const fit = fitZoom(picture, window);
      const stops = new Set<number>();
      let at = usefulZoom(0, 1, fit);
      for (let steps = 0; steps < 30; steps += 1) {
        stops.add(at);
        at = nextZoom(at, 1, 1, fit);
      }
      assert.equal(at, 8);
      assert.ok(stops.has(1));
      // A step within a thousandth of "fit" stands for it.
      assert.ok([...stops].some((stop) => Math.abs(stop / Math.min(fit, 8) - 1) < 0.0011));
      for (let steps = 0; steps < 30; steps += 1) at = nextZoom(at, -1, 1, fit);
      assert.equal(at, Math.min(fit, 1));
    }),
    {
      examples: [
        [
          { width: 1, height: 4541 },
          { width: 100, height: 227 },
        ],
      ],
    },
  );
});
