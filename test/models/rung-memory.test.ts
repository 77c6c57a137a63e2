import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SpeedMemory } from '../../src/models/cost/speed-memory.js';
import { loadManifest } from '../../src/models/manifest.js';
import { warmUp } from '../../src/models/onnx/warm-up.js';
import { SHIPPED_MODELS } from './shipped-models.js';

const TILE_PIXELS = 200 * 200;

/** Tiles at so many microseconds for each pixel. */
function record(memory: SpeedMemory, microsecondsPerPixel: number, tiles = 1): void {
  for (let i = 0; i < tiles; i++) {
    memory.recordSpeed('net', 'cpu', TILE_PIXELS, (TILE_PIXELS * microsecondsPerPixel) / 1000);
  }
}

const speed = (memory: SpeedMemory): number => memory.speed('net', 'cpu') ?? Number.NaN;

describe('what is learnt of a candidate', () => {
  it('does not condemn it for one stall of the machine', () => {
    const memory = new SpeedMemory();
    record(memory, 0.5, 5);
    record(memory, 500);
    assert.ok(speed(memory) < 1, `${speed(memory)} µs per pixel after one tile a thousand times slower`);
  });

  it('believes a slowdown that stays', () => {
    const memory = new SpeedMemory();
    record(memory, 0.5, 5);
    record(memory, 50, 20);
    assert.ok(speed(memory) > 40, `${speed(memory)} µs per pixel`);
  });

  it('learns nothing of a pixel from any number of tiny tiles', () => {
    const memory = new SpeedMemory();
    record(memory, 0.5, 5);
    for (let i = 0; i < 200_000; i++) memory.recordSpeed('net', 'cpu', 1, 2);
    assert.equal(speed(memory), 0.5);
  });

  it('keeps models and providers apart', () => {
    const memory = new SpeedMemory();
    record(memory, 0.5);
    assert.equal(memory.speed('net', 'webgpu'), undefined);
    assert.equal(memory.speed('other', 'cpu'), undefined);
  });

  it('keeps the smallest tile that was told', () => {
    const memory = new SpeedMemory();
    memory.rememberTileSize('net', 'cpu', 128);
    memory.rememberTileSize('net', 'cpu', 256);
    assert.equal(memory.tileSize('net', 'cpu'), 128);
  });

  it('goes on in the next process where this one left it', () => {
    const memory = new SpeedMemory();
    record(memory, 0.5);
    memory.rememberTileSize('net', 'webgpu', 128);
    const next = new SpeedMemory(memory.learnt);
    assert.equal(next.speed('net', 'cpu'), memory.speed('net', 'cpu'));
    assert.equal(next.tileSize('net', 'cpu'), Infinity);
    assert.equal(next.tileSize('net', 'webgpu'), 128);
    assert.equal(next.speed('net', 'webgpu'), undefined);
    assert.deepEqual(next.learnt, memory.learnt);
  });

  it('is told at once when a smaller tile is needed, and only then', () => {
    const told: number[] = [];
    const learnt = [{ model: 'net', provider: 'cpu', tileSizePx: 256 }] as const;
    const memory: SpeedMemory = new SpeedMemory(learnt, () => told.push(memory.tileSize('net', 'cpu')));
    for (const side of [256, 128, 200, 64]) memory.rememberTileSize('net', 'cpu', side);
    record(memory, 0.5);
    assert.deepEqual(told, [128, 64]);
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
