import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { UpscaleOptions, UpscaleResult } from '../../src/domain/types.js';
import type { JobRequest } from '../../src/jobs/job.js';
import { Speed } from '../../src/jobs/queue/speed.js';
import { ofPixels, request } from './rig.js';

/** A machine's true milliseconds: 2 µs for a pixel of the source; for one of the result 0.02, or 1 in AVIF. */
const computeMs = (pixels: number): number => 15 + 0.002 * pixels;
const encodeMs = (pixels: number, format: UpscaleOptions['format']): number =>
  3 + (format === 'avif' ? 0.001 : 0.00002) * pixels;

interface Ask {
  readonly pixels: number;
  readonly scale: number | undefined;
  readonly format: UpscaleOptions['format'];
}

function jobOf({ pixels, scale, format }: Ask): JobRequest {
  const plain = { ...request(), ...ofPixels(pixels) };
  return { ...plain, options: { ...plain.options, format, ...(scale === undefined ? {} : { scale }) } };
}

function trueMs({ pixels, scale = 4, format }: Ask): number {
  return computeMs(pixels) + encodeMs(pixels * scale * scale, format);
}

function done(ask: Ask): UpscaleResult {
  const { pixels, scale = 4, format } = ask;
  return {
    width: pixels * scale,
    height: scale,
    format: format === 'auto' ? 'jpeg' : format,
    bytes: 1,
    scale,
    model: 'net',
    tiles: 1,
    fallback: false,
    attempts: [],
    droppedPages: 0,
    timings: {
      decodeMs: 5,
      inferMs: computeMs(pixels) - 8,
      blendMs: 3,
      encodeMs: encodeMs(pixels * scale * scale, format),
      turnWaitMs: 0,
    },
  };
}

const ask: fc.Arbitrary<Ask> = fc.record({
  pixels: fc.double({ min: 0, max: Math.log(24e6), noNaN: true }).map((power) => Math.round(Math.exp(power))),
  scale: fc.constantFrom(undefined, 1.01, 2, 4, 8),
  format: fc.constantFrom('auto', 'jpeg', 'png', 'avif'),
});
const megapixel: Ask = { pixels: 1e6, scale: undefined, format: 'auto' };

describe('the estimate for a job', () => {
  it('of 1 megapixel stays within a factor of 3 of its true cost, whatever sizes, scales and formats came before', () => {
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 300 }), (asks) => {
        const speed = new Speed();
        for (const each of asks) speed.record(jobOf(each), done(each));
        const ratio = (speed.secondsLeft(jobOf(megapixel), undefined) * 1000) / trueMs(megapixel);
        assert.ok(ratio > 1 / 3 && ratio < 3, `${ratio} times the truth`);
      }),
      { numRuns: 200 },
    );
  });

  it('is not moved by a thousand images of one pixel', () => {
    const speed = new Speed();
    const before = speed.secondsLeft(jobOf(megapixel), undefined);
    const tiny: Ask = { ...megapixel, pixels: 1 };
    for (let i = 0; i < 1000; i++) speed.record(jobOf(tiny), done(tiny));
    const after = speed.secondsLeft(jobOf(megapixel), undefined);
    assert.ok(Math.abs(after - before) < 0.05, `${before} s, and then ${after} s`);
    assert.ok(speed.secondsLeft(jobOf(tiny), undefined) < 0.03);
  });

  it('follows the machine where photographs show that it is slower', () => {
    const speed = new Speed();
    for (let i = 0; i < 30; i++) {
      const result = done(megapixel);
      speed.record(jobOf(megapixel), { ...result, timings: { ...result.timings, inferMs: 180_000 } });
    }
    assert.ok(speed.secondsLeft(jobOf(megapixel), undefined) > 170);
  });

  it('counts the writing of a picture whose tiles are done', () => {
    const speed = new Speed();
    const avif: Ask = { ...megapixel, format: 'avif' };
    for (let i = 0; i < 30; i++) speed.record(jobOf(avif), done(avif));
    const [tilesDone, tilesTotal] = [9, 9];
    const drawn = speed.secondsLeft(jobOf(avif), { stage: 'infer', tilesDone, tilesTotal });
    assert.ok(drawn > 8 && drawn < 32, `16 s are left, told were ${drawn} s`);
    const writing = { stage: 'encode', tilesDone, tilesTotal } as const;
    assert.equal(speed.secondsLeft(jobOf(avif), writing), drawn);
    assert.equal(speed.secondsLeft(jobOf(avif), { ...writing, secondsLeft: 5 }), 5);
  });
});
