import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { busyParts, grown } from '../../src/tiling/busy-parts.js';
import type { Raster } from '../../src/tiling/raster.js';

const REACH_PX = 6;

/** A picture of one colour with rectangles of others. */
function panels(width: number, height: number, boxes: readonly (readonly number[])[]): Raster {
  const data = new Uint8Array(width * height * 3).fill(250);
  for (const [left = 0, top = 0, across = 0, down = 0, shade = 0] of boxes)
    for (let y = top; y < Math.min(height, top + down); y += 1)
      for (let x = left; x < Math.min(width, left + across); x += 1)
        data.fill(shade, (y * width + x) * 3, (y * width + x) * 3 + 3);
  return { data, width, height, channels: 3 };
}

describe('the busy parts of a tile', () => {
  it('are none where it has one colour, and all of it where it has no flat place', () => {
    assert.deepEqual(busyParts(panels(64, 40, []), REACH_PX)?.parts, []);
    const noise = panels(64, 40, []);
    for (let at = 0; at < noise.data.length; at += 1) noise.data[at] = (at * 7919) % 256;
    assert.equal(busyParts(noise, REACH_PX), undefined);
  });

  it('are cut apart where much lies between them', () => {
    const found = busyParts(
      panels(300, 200, [
        [10, 10, 5, 5, 0],
        [250, 150, 5, 5, 0],
      ]),
      REACH_PX,
    );
    assert.equal(found?.parts.length, 2);
  });

  it('are four strips of a frame', () => {
    const frame = panels(400, 400, [
      [40, 40, 300, 300, 0],
      [42, 42, 296, 296, 200],
    ]);
    const found = busyParts(frame, REACH_PX);
    assert.ok((found?.parts.length ?? 0) >= 4, JSON.stringify(found?.parts));
  });

  it('hold all that has not one colour within reach, and need less than the whole', () => {
    const box = fc.tuple(
      fc.nat(119),
      fc.nat(89),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom(0, 120, 250),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 90 }),
        fc.array(box, { maxLength: 6 }),
        (width, height, boxes) => {
          const picture = panels(width, height, boxes);
          const found = busyParts(picture, REACH_PX);
          if (found === undefined) return;
          const covered = new Uint8Array(width * height);
          let computed = 0;
          for (const part of found.parts) {
            const outer = grown(part, REACH_PX, width, height);
            computed += (outer.right - outer.left) * (outer.bottom - outer.top);
            for (let y = part.top; y < part.bottom; y += 1)
              covered.fill(1, y * width + part.left, y * width + part.right);
          }
          assert.ok(computed <= width * height);
          for (let y = 0; y < height; y += 1)
            for (let x = 0; x < width; x += 1)
              if (covered[y * width + x] === 0)
                assert.ok(isFlatAround(picture, x, y), `left out at ${x}, ${y}`);
        },
      ),
      { numRuns: 300 },
    );
  });
});

function isFlatAround({ data, width, height }: Raster, x: number, y: number): boolean {
  const own = data[(y * width + x) * 3];
  for (let row = Math.max(0, y - REACH_PX); row <= Math.min(height - 1, y + REACH_PX); row += 1)
    for (let column = Math.max(0, x - REACH_PX); column <= Math.min(width - 1, x + REACH_PX); column += 1)
      if (data[(row * width + column) * 3] !== own) return false;
  return true;
}
