import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CostModel } from '../../src/cost/cost-model.js';
import type { LearntCosts } from '../../src/domain/learnt-costs.js';
import type { ImageHeader, UpscaleOptions, UpscaleResult, UpscaleStep } from '../../src/domain/types.js';
import { loadManifest } from '../../src/models/manifest.js';
import { warmUp } from '../../src/models/onnx/warm-up.js';
import { SHIPPED_MODELS } from '../models/shipped-models.js';

const TILE_PIXELS = 200 * 200;

/** Tiles at so many microseconds for each pixel. */
function record(costs: CostModel, microsecondsPerPixel: number, tiles = 1): void {
  for (let i = 0; i < tiles; i++) {
    costs.recordSpeed('net', 'cpu', TILE_PIXELS, (TILE_PIXELS * microsecondsPerPixel) / 1000);
  }
}

const speed = (costs: CostModel): number => costs.speed('net', 'cpu') ?? Number.NaN;

describe('what is learnt of a candidate', () => {
  it('does not condemn it for one stall of the machine', () => {
    const costs = new CostModel();
    record(costs, 0.5, 5);
    record(costs, 500);
    assert.ok(speed(costs) < 1, `${speed(costs)} µs per pixel after one tile a thousand times slower`);
  });

  it('believes a slowdown that stays', () => {
    const costs = new CostModel();
    record(costs, 0.5, 5);
    record(costs, 50, 20);
    assert.ok(speed(costs) > 40, `${speed(costs)} µs per pixel`);
  });

  it('learns nothing of a pixel from any number of tiny tiles', () => {
    const costs = new CostModel();
    record(costs, 0.5, 5);
    for (let i = 0; i < 200_000; i++) costs.recordSpeed('net', 'cpu', 1, 2);
    assert.equal(speed(costs), 0.5);
  });

  it('keeps models and providers apart', () => {
    const costs = new CostModel();
    record(costs, 0.5);
    assert.equal(costs.speed('net', 'webgpu'), undefined);
    assert.equal(costs.speed('other', 'cpu'), undefined);
  });

  it('keeps the smallest tile that was told', () => {
    const costs = new CostModel();
    costs.rememberTileSize('net', 'cpu', 128);
    costs.rememberTileSize('net', 'cpu', 256);
    assert.equal(costs.tileSize('net', 'cpu'), 128);
  });

  it('goes on in the next process where this one left it', () => {
    const costs = new CostModel();
    record(costs, 0.5);
    costs.rememberTileSize('net', 'webgpu', 128);
    const next = new CostModel(costs.learnt);
    assert.equal(next.speed('net', 'cpu'), costs.speed('net', 'cpu'));
    assert.equal(next.tileSize('net', 'cpu'), Infinity);
    assert.equal(next.tileSize('net', 'webgpu'), 128);
    assert.equal(next.speed('net', 'webgpu'), undefined);
    assert.deepEqual(next.learnt, costs.learnt);
  });

  it('is told at once when a smaller tile is needed, or a speed is measured for the first time', () => {
    const told: (number | undefined)[] = [];
    const learnt: LearntCosts = {
      candidates: [{ model: 'net', provider: 'cpu', tileSizePx: 256 }],
      work: {},
    };
    const costs: CostModel = new CostModel(learnt, undefined, () => told.push(costs.tileSize('net', 'cpu')));
    for (const side of [256, 128, 200, 64]) costs.rememberTileSize('net', 'cpu', side);
    assert.deepEqual(told, [128, 64]);
    record(costs, 0.5, 3);
    assert.equal(told.length, 3);
  });
});

describe('what is learnt of the work beside tiles', () => {
  const header: ImageHeader = {
    format: 'png',
    width: 1000,
    height: 1000,
    hasAlpha: false,
    sixteenBit: false,
    pages: 1,
  };
  const image = { header, rasters: 1, resultPixels: 16e6, format: 'avif', options: {} } as const;
  const done = (model: string, ms: number): UpscaleResult => ({
    width: 4000,
    height: 4000,
    format: 'avif',
    bytes: 1,
    scale: 4,
    model,
    tiles: 1,
    fallback: false,
    attempts: [],
    timings: { decodeMs: ms, inferMs: 1, blendMs: ms, encodeMs: ms, turnWaitMs: 0 },
    droppedPages: 0,
  });
  const near = (one: number, other: number) => assert.ok(Math.abs(one / other - 1) < 0.1, `${one}, ${other}`);

  it('follows the jobs of the same formats, and leaves the others as they were guessed', () => {
    const costs = new CostModel();
    const jpegMs = costs.decodingMs({ ...header, format: 'jpeg' });
    for (let i = 0; i < 60; i++) costs.recordJob(header, done('net', 700));
    near(costs.decodingMs(header), 700);
    near(costs.encodingMs('avif', 16e6, {}), 700);
    near(costs.finishing(image).networkMs, 1400);
    assert.equal(costs.decodingMs({ ...header, format: 'jpeg' }), jpegMs);
  });

  it('keeps drawing by a network and by Lanczos apart', () => {
    const costs = new CostModel();
    const { networkMs } = costs.finishing(image);
    const before = networkMs - costs.encodingMs('avif', 16e6, {});
    for (let i = 0; i < 60; i++) costs.recordJob(header, done('lanczos', 700));
    near(costs.finishing(image).networkMs - costs.encodingMs('avif', 16e6, {}), before);
    near(costs.finishing(image).lanczosMs, 1400);
  });

  it('learns what mixing adds to encoding, and sharpening, apart from the work without them', () => {
    const costs = new CostModel();
    const finished = (...steps: UpscaleStep[]) => ({
      ...done('net', 700),
      steps: ['network', ...steps] as const,
    });
    for (let i = 0; i < 60; i++) costs.recordJob(header, finished('sharpen'));
    const plainMs = costs.finishing(image).networkMs;
    for (let i = 0; i < 60; i++) {
      const { timings, ...mixed } = finished('mix', 'sharpen');
      costs.recordJob(header, { ...mixed, timings: { ...timings, encodeMs: 1000 } });
    }
    near(costs.finishing(image).networkMs, plainMs);
    const networkMs = (options: Pick<UpscaleOptions, 'strength' | 'sharpen'>) =>
      costs.finishing({ ...image, options }).networkMs;
    near(networkMs({ sharpen: 1 }), 1400);
    near(networkMs({ strength: 0.5, sharpen: 1 }) - networkMs({ sharpen: 1 }), 300);
  });

  it('learns nothing of drawing and encoding from a reduction, and estimates it by the pixels of its source', () => {
    const costs = new CostModel();
    const before = costs.finishing(image);
    for (let i = 0; i < 60; i++)
      costs.recordJob(header, { ...done('lanczos', 700), width: 100, height: 100 });
    assert.deepEqual(costs.finishing(image), before);
    near(costs.decodingMs(header), 700);
    const drawing = (resultPixels: number) =>
      costs.finishing({ ...image, resultPixels }).lanczosMs - costs.encodingMs('avif', resultPixels, {});
    assert.equal(drawing(100), drawing(header.width * header.height));
  });

  it('goes to other processes, without what is only guessed', () => {
    const costs = new CostModel();
    costs.decodingMs({ ...header, format: 'tiff' });
    for (let i = 0; i < 9; i++) costs.recordJob(header, done('net', 700));
    assert.deepEqual(Object.keys(costs.learnt.work).sort(), ['blend', 'decode png', 'encode avif']);
    const next = new CostModel(JSON.parse(JSON.stringify(costs.learnt)));
    near(next.finishing(image).networkMs, costs.finishing(image).networkMs);
    near(next.decodingMs(header), costs.decodingMs(header));
  });
});

describe('the first tiles of a model', () => {
  it('tell its speed by the fastest, so that a stall among them does not count', async () => {
    const [entry] = await loadManifest(SHIPPED_MODELS);
    assert.ok(entry);
    let runs = 0;
    const measured = await warmUp({
      entry,
      provider: 'cpu',
      run: async (tile) => {
        runs++;
        if (runs === 2) {
          const end = performance.now() + 20;
          while (performance.now() < end);
        }
        return tile;
      },
    });
    assert.ok(runs > 2);
    assert.ok(measured.ms < 20, `${measured.ms} ms`);
  });
});
