import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cut, mirrored } from '../../src/tiling/cut.js';

describe('cut', () => {
  it('reflects without repeating the edge pixel, again and again where a side is shorter than the border', () => {
    const row = (length: number, from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => mirrored(from + index, length));
    assert.deepEqual(row(4, -4, 8), [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1].slice(0, 12));
    assert.deepEqual(row(2, -3, 4), [1, 0, 1, 0, 1, 0, 1]);
    assert.deepEqual(row(1, -3, 3), [0, 0, 0, 0, 0, 0]);
  });

  it('shows at every place the pixel that reflection puts there', () => {
    const side = fc.integer({ min: 1, max: 12 });
    const corner = fc.integer({ min: -30, max: 30 });
    fc.assert(
      fc.property(
        side,
        side,
        corner,
        corner,
        side,
        side,
        fc.constantFrom(1, 3),
        (width, height, left, top, w, h, channels) => {
          const data = Uint8Array.from({ length: width * height * channels }, (_, index) => index % 251);
          const into = new Uint8Array(w * h * channels).fill(255);
          cut({ data, width, height, channels }, left, top, w, h, into);
          for (let y = 0; y < h; y += 1)
            for (let x = 0; x < w; x += 1)
              for (let channel = 0; channel < channels; channel += 1) {
                const source = mirrored(top + y, height) * width + mirrored(left + x, width);
                assert.equal(into[(y * w + x) * channels + channel], data[source * channels + channel]);
              }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
