import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CostModel } from '../../src/cost/cost-model.js';
import { measuredSeconds, secondsLeft } from '../../src/cost/job-time.js';
import type {
  ImageHeader,
  ImageRequest,
  ModelStatus,
  OutputFormat,
  UpscaleResult,
} from '../../src/domain/types.js';
import { modelStatus } from '../model-status.js';
import { OPTIONS } from '../upscale-options.js';

/** A machine's true milliseconds: 2 µs for a pixel in the network; for one of the result 0.02, or 1 in AVIF. */
const SPEED_US = 2;
const encodeMs = (pixels: number, format: OutputFormat): number =>
  3 + (format === 'avif' ? 0.001 : 0.00002) * pixels;

interface Ask {
  readonly side: number;
  readonly scale?: number | undefined;
  readonly format: OutputFormat;
}

const NET = modelStatus({ name: 'net', chainPosition: 0, microsecondsPerPixel: { cpu: SPEED_US } });
const SLOW = modelStatus({ name: 'slow', chainPosition: 0, microsecondsPerPixel: { cpu: 5000 } });
const LANCZOS = modelStatus({ name: 'lanczos', family: 'lanczos', chainPosition: 9 });
const MODELS: readonly ModelStatus[] = [NET, LANCZOS];

function headerOf(side: number): ImageHeader {
  return { format: 'png', width: side, height: side, hasAlpha: false, sixteenBit: false, pages: 1 };
}

function jobOf({ side, scale, format }: Ask, options: Partial<ImageRequest['options']> = {}): ImageRequest {
  const named = scale === undefined ? {} : { scale };
  return { header: headerOf(side), options: { ...OPTIONS, format, ...named, ...options } };
}

/** Of its decoding, drawing and encoding, in an engine. */
function done({ side, scale = 4, format }: Ask): UpscaleResult {
  return {
    width: side * scale,
    height: side * scale,
    format,
    bytes: 1,
    scale,
    model: 'net',
    tiles: 1,
    fallback: false,
    attempts: [],
    droppedPages: 0,
    timings: {
      decodeMs: 5,
      inferMs: (SPEED_US * side * side) / 1000,
      blendMs: 3,
      encodeMs: encodeMs((side * scale) ** 2, format),
      turnWaitMs: 0,
    },
  };
}

function trueSeconds(ask: Ask): number {
  const { decodeMs, inferMs, blendMs, encodeMs: encoding } = done(ask).timings;
  return (decodeMs + inferMs + blendMs + encoding) / 1000;
}

const ask: fc.Arbitrary<Ask> = fc.record({
  side: fc.double({ min: 0, max: Math.log(5000), noNaN: true }).map((power) => Math.round(Math.exp(power))),
  scale: fc.constantFrom(undefined, 1.01, 2, 4, 8),
  format: fc.constantFrom('jpeg', 'png', 'avif'),
});
const megapixel: Ask = { side: 1000, format: 'jpeg' };

describe('the estimate for a job', () => {
  it('of 1 megapixel stays within a factor of 3 of its true time, whatever sizes, scales and formats came before', () => {
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 300 }), (asks) => {
        const costs = new CostModel();
        for (const each of asks) costs.recordJob(headerOf(each.side), done(each));
        const ratio = secondsLeft(jobOf(megapixel), undefined, MODELS, costs) / trueSeconds(megapixel);
        assert.ok(ratio > 1 / 3 && ratio < 3, `${ratio} times the truth`);
      }),
      { numRuns: 200 },
    );
  });

  it('is not moved by a thousand images of one pixel', () => {
    const costs = new CostModel();
    const estimate = () => secondsLeft(jobOf(megapixel), undefined, MODELS, costs);
    const before = estimate();
    const tiny: Ask = { ...megapixel, side: 1 };
    for (let i = 0; i < 1000; i++) costs.recordJob(headerOf(1), done(tiny));
    assert.ok(Math.abs(estimate() - before) < 0.05, `${before} s, and then ${estimate()} s`);
    assert.ok(secondsLeft(jobOf(tiny), undefined, MODELS, costs) < 0.03);
  });

  it('goes by the first model that fits into the time, and by Lanczos where none does', () => {
    const estimate = (models: readonly ModelStatus[]) =>
      secondsLeft(jobOf(megapixel, { timeoutSeconds: 60 }), undefined, models, new CostModel());
    const second = { ...NET, chainPosition: 1 };
    assert.equal(estimate([SLOW, second]), estimate([NET]));
    assert.ok(estimate([SLOW, LANCZOS]) < estimate([NET]) / 2);
    assert.ok(
      secondsLeft(jobOf(megapixel, { timeoutSeconds: 1e6 }), undefined, [SLOW, second], new CostModel()) >
        4000,
    );
  });

  it('goes by the model that is at work', () => {
    const progress = { stage: 'infer', tilesDone: 0, tilesTotal: 9, model: 'slow' } as const;
    const job = jobOf(megapixel, { timeoutSeconds: 60 });
    assert.ok(secondsLeft(job, progress, [SLOW, LANCZOS], new CostModel()) > 4000);
  });

  it('counts alpha as a second image, and two passes as what they compute', () => {
    const network = (changes: Partial<ImageHeader>, model = NET) => {
      const job = jobOf({ ...megapixel, scale: 4 });
      const estimate = (models: readonly ModelStatus[]) =>
        secondsLeft({ ...job, header: { ...job.header, ...changes } }, undefined, models, new CostModel());
      return estimate([model]) - estimate([{ ...model, microsecondsPerPixel: { cpu: 0 } }]);
    };
    const opaque = network({});
    assert.ok(Math.abs(network({ hasAlpha: true }) / opaque - 2) < 1e-6);
    const twice = network({}, { ...NET, scale: 2 }) / opaque;
    assert.ok(twice > 4 && twice < 6, `${twice} times one pass`);
  });

  it('counts the writing of a result whose tiles are done', () => {
    const costs = new CostModel();
    const avif: Ask = { ...megapixel, format: 'avif' };
    for (let i = 0; i < 30; i++) costs.recordJob(headerOf(1000), done(avif));
    const [tilesDone, tilesTotal] = [9, 9];
    const left = (progress: Parameters<typeof secondsLeft>[1]) =>
      secondsLeft(jobOf(avif), progress, MODELS, costs);
    const drawn = left({ stage: 'infer', tilesDone, tilesTotal });
    assert.ok(drawn > 8 && drawn < 32, `16 s are left, told were ${drawn} s`);
    const writing = { stage: 'encode', tilesDone, tilesTotal } as const;
    assert.equal(left(writing), drawn);
    assert.equal(left({ ...writing, secondsLeft: 5 }), 5);
  });

  it('says nothing of the need of a job before its first model was measured', () => {
    const unmeasured = modelStatus({ name: 'new', chainPosition: 0 });
    const need = (models: readonly ModelStatus[]) =>
      measuredSeconds(jobOf(megapixel), models, new CostModel());
    assert.equal(need([unmeasured, NET]), undefined);
    assert.equal(need([]), undefined);
    assert.ok((need([SLOW, NET]) ?? 0) > 4000);
  });
});
