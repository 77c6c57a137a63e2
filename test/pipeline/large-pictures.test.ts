import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import { decodeBmp, readBmpHeader } from '../../src/pipeline/input/bmp.js';
import { bleedColours } from '../../src/pipeline/raster/bleed.js';
import { blocks } from '../../src/pipeline/raster/blocks.js';
import { longestStandstill } from './blocked-loop.js';
import { bmpFile } from './bmp-files.js';

/** As large as the service takes by default. */
const MAX_BYTES = 25e6;
/** Blocks take some milliseconds; what is not divided takes seconds. */
const STANDSTILL_MS = 700;

async function decoding(file: Buffer): Promise<unknown> {
  // A picture that turns out to be damaged has been looked at all the same.
  return decodeBmp(file, readBmpHeader(file)).catch((error: unknown) =>
    assert.ok(error instanceof TesseraError),
  );
}

describe('the event loop, while a BMP as large as is taken is decoded,', () => {
  const codes = (...pattern: number[]) => Buffer.alloc(MAX_BYTES, Buffer.from(pattern));
  const grey = Buffer.alloc(256 * 4, 128);
  for (const [what, file] of [
    ['runs that leave their row', () => bmpFile(16, 16, 8, 1, grey, codes(255, 7))],
    ['absolute runs that leave their row', () => bmpFile(16, 16, 8, 1, grey, codes(0, 255, 1, 1))],
    ['jumps that leave their row', () => bmpFile(16, 16, 8, 1, grey, codes(0, 2, 255, 0))],
    ['four-bit runs that leave their row', () => bmpFile(16, 16, 4, 2, grey.subarray(0, 64), codes(255, 7))],
    ['runs of one pixel', () => bmpFile(4, 12_000_000, 8, 1, grey, codes(1, 7, 0, 0))],
    ['runs of 50 megapixels', () => bmpFile(5000, 10_000, 8, 1, grey, codes(5, 7))],
    ['one row of 50 megapixels', () => bmpFile(50_000_000, 1, 1, 0, grey.subarray(0, 8), codes(85))],
    ['one column of 6 megapixels', () => bmpFile(1, 6_000_000, 8, 0, grey, codes(85))],
    ['16-bit pixels', () => bmpFile(5000, 2400, 16, 0, Buffer.alloc(0), codes(85, 12))],
  ] as const)
    it(`goes on: ${what}`, async () => {
      const standstillMs = await longestStandstill(() => decoding(file()));
      assert.ok(standstillMs < STANDSTILL_MS, `it stood still for ${Math.round(standstillMs)} ms`);
    });
});

describe('the event loop, while colours are bled into 10 megapixels of transparency,', () => {
  for (const [width, height] of [
    [4000, 2500],
    [10_000_000, 1],
    [1, 10_000_000],
  ] as const)
    it(`goes on: ${width} x ${height}`, async () => {
      const colour = { data: new Uint8Array(width * height * 3), width, height, channels: 3 } as const;
      const opacity = new Uint8Array(width * height);
      for (let pixel = 0; pixel < opacity.length; pixel += 7) opacity[pixel] = 255;
      const alpha = { data: opacity, width, height, channels: 1 } as const;
      const standstillMs = await longestStandstill(() => bleedColours(colour, alpha));
      assert.ok(standstillMs < STANDSTILL_MS, `it stood still for ${Math.round(standstillMs)} ms`);
    });
});

describe('blocks', () => {
  for (const [width, height] of [
    [1, 1],
    [1000, 1000],
    [700_000, 3],
    [3, 700_000],
  ] as const)
    it(`cover each pixel of ${width} x ${height} once`, async () => {
      const seen = new Uint8Array(width * height);
      for await (const { left, top, right, bottom } of blocks(width, height))
        for (let y = top; y < bottom; y += 1)
          for (let x = left; x < right; x += 1) seen[y * width + x] = (seen[y * width + x] ?? 0) + 1;
      assert.ok(seen.every((times) => times === 1));
    });
});
