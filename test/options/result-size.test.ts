import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TesseraError } from '../../src/domain/errors.js';
import { FITS, POSITIONS, type SizeWish } from '../../src/domain/size-wish.js';
import { resultSize } from '../../src/options/result-size.js';

const IMAGE = { width: 600, height: 400 };
const box = (wish: Partial<Extract<SizeWish, { kind: 'box' }>>): SizeWish => ({
  kind: 'box',
  fit: 'inside',
  position: 'centre',
  ...wish,
});
const targetOf = (size: SizeWish, image = IMAGE) => {
  const { target } = resultSize({ size }, image, 4);
  return [target.width, target.height];
};

describe('the size of a result', () => {
  it('is each side times the scale, rounded by itself', () => {
    assert.deepEqual(resultSize({}, { width: 333, height: 1 }, 1.5).target, { width: 500, height: 2 });
    assert.deepEqual(resultSize({}, { width: 3, height: 1 }, 1.01).target, { width: 3, height: 1 });
  });

  it('has the width or the height that is named, and the shape of the image', () => {
    assert.deepEqual(targetOf(box({ width: 3000 })), [3000, 2000]);
    assert.deepEqual(targetOf(box({ height: 1001 })), [1502, 1001]);
    assert.deepEqual(targetOf(box({ width: 3000, height: 1000 })), [1500, 1000]);
  });

  it('is exactly the box for cover and fill', () => {
    assert.deepEqual(targetOf(box({ width: 1000, height: 1000, fit: 'cover' })), [1000, 1000]);
    assert.deepEqual(targetOf(box({ width: 1000, height: 1000, fit: 'fill' })), [1000, 1000]);
  });

  it('has a longer side, or pixels at most, as named', () => {
    assert.deepEqual(targetOf({ kind: 'max_side', px: 2400 }), [2400, 1600]);
    assert.deepEqual(targetOf({ kind: 'max_side', px: 2400 }, { width: 400, height: 600 }), [1600, 2400]);
    const [width = 0, height = 0] = targetOf({ kind: 'megapixels', megapixels: 2 });
    assert.ok(width * height <= 2e6 && width * height > 1.99e6, `${width} x ${height}`);
  });

  it('shows for cover the part that its position names', () => {
    const shown = (position: (typeof POSITIONS)[number], width: number, height: number) =>
      resultSize({ size: box({ width, height, fit: 'cover', position }) }, IMAGE, 4).shown;
    assert.deepEqual(shown('centre', 1000, 1000), { left: 100, top: 0, width: 400, height: 400 });
    assert.deepEqual(shown('left', 1000, 1000), { left: 0, top: 0, width: 400, height: 400 });
    assert.deepEqual(shown('right', 1000, 1000), { left: 200, top: 0, width: 400, height: 400 });
    assert.deepEqual(shown('bottom', 1200, 400), { left: 0, top: 200, width: 600, height: 200 });
  });

  it('only reduces an image that is as large already, and never does so for a scale', () => {
    assert.equal(resultSize({ size: box({ width: 600 }) }, IMAGE, 4).reducesOnly, true);
    assert.equal(resultSize({ size: box({ width: 601 }) }, IMAGE, 4).reducesOnly, false);
    assert.equal(resultSize({}, IMAGE, 1).reducesOnly, false);
  });

  it('is at most eight times the image, and an error names the option and both sizes', () => {
    assert.throws(
      () => targetOf(box({ height: 4000 })),
      (error: unknown) =>
        error instanceof TesseraError &&
        error.code === 'output_too_large' &&
        error.details.parameter === 'height' &&
        /600 x 400 pixels; 6000 x 4000 is 10 times/.test(error.message),
    );
  });

  it('lies within what was asked, and shows a part of the image, whatever the numbers', () => {
    const side = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.constantFrom(...FITS),
        fc.constantFrom(...POSITIONS),
        (width, height, w, h, fit, position) => {
          const image = { width: w, height: h };
          let size: ReturnType<typeof resultSize>;
          try {
            size = resultSize({ size: box({ width, height, fit, position }) }, image, 4);
          } catch (error) {
            assert.ok(error instanceof TesseraError && error.code === 'output_too_large');
            return;
          }
          const { target, shown, scale } = size;
          assert.ok(
            target.width >= 1 && target.width <= width && target.height >= 1 && target.height <= height,
          );
          if (fit !== 'inside') assert.deepEqual(target, { width, height });
          assert.ok(shown.left >= 0 && shown.top >= 0 && shown.width >= 1 && shown.height >= 1);
          assert.ok(shown.left + shown.width <= w && shown.top + shown.height <= h);
          assert.ok(scale > 0 && scale <= 8);
        },
      ),
    );
  });
});
