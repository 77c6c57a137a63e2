import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contrastOfNeighbours, psnr, ssim } from './likeness.js';

const SIDE = 16;

/** A raster of one channel by a function of the place. */
function raster(value: (x: number, y: number) => number): Uint8Array {
  return Uint8Array.from({ length: SIDE * SIDE }, (_, at) => value(at % SIDE, Math.floor(at / SIDE)));
}

const checks = raster((x, y) => ((x + y) % 2 === 0 ? 100 : 140));

describe('PSNR', () => {
  it('of a difference of one level everywhere is 20 log10 of 255', () => {
    const other = checks.map((value) => value + 1);
    assert.ok(Math.abs(psnr(checks, other) - 20 * Math.log10(255)) < 1e-9);
    assert.equal(psnr(checks, checks), Number.POSITIVE_INFINITY);
  });
});

describe('contrast of neighbours', () => {
  it('is the step from pixel to pixel in checks, and nothing where all is even', () => {
    const contrast = contrastOfNeighbours(checks, SIDE);
    assert.ok(contrast > 35 && contrast < 40, `${contrast}`);
    assert.equal(
      contrastOfNeighbours(
        raster(() => 7),
        SIDE,
      ),
      0,
    );
  });
});

describe('SSIM', () => {
  it('is 1 for equal pictures, little less for a brighter one, and about 0 where all structure is gone', () => {
    assert.equal(ssim(checks, checks, SIDE), 1);
    const brighter = ssim(
      checks,
      checks.map((value) => value + 10),
      SIDE,
    );
    assert.ok(brighter > 0.98 && brighter < 1, `${brighter}`);
    const flat = ssim(
      checks,
      raster(() => 120),
      SIDE,
    );
    assert.ok(flat > 0 && flat < 0.2, `${flat}`);
  });

  it('is negative where the structure is turned round', () => {
    assert.ok(
      ssim(
        checks,
        checks.map((value) => 240 - value),
        SIDE,
      ) < 0,
    );
  });
});
