import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { TesseraError } from '../../src/domain/errors.js';
import { FairTileScheduler } from '../../src/engine/worker/tile-scheduler.js';
import { monotonicMs } from '../../src/host/clock.js';
import type { ModelEntry } from '../../src/models/manifest-entry.js';
import type { LoadedModel } from '../../src/models/onnx/session.js';
import { TileFailure, type TileModel, type TimedTile } from '../../src/models/tile-model.js';
import { Cancellation } from '../../src/pipeline/cancellation.js';
import { cut } from '../../src/tiling/cut.js';
import { BORDER_PX } from '../../src/tiling/plan.js';
import type { Raster } from '../../src/tiling/raster.js';
import { psnr } from '../quality/likeness.js';
import { detailed, rendered } from './rendering.js';
import { embeddedEntry, largestDifference, networkCandidate, openEmbedded } from './stage.js';

/** A model that doubles pixels: what comes back tells where every pixel came from. */
class Doubling implements TileModel {
  readonly provider = 'cpu';
  readonly sides: number[] = [];
  constructor(
    readonly entry: ModelEntry,
    readonly before: (tile: Raster<3>, run: number) => void = () => {},
  ) {}

  async run(tile: Raster<3>): Promise<Raster<3>> {
    this.sides.push(Math.max(tile.width, tile.height));
    const { minimum, multipleOf, fixed } = this.entry.sizeRequirements;
    for (const [axis, side] of [tile.width, tile.height].entries()) {
      assert.ok(side >= minimum && side % multipleOf === 0, `${side}`);
      if (fixed !== undefined) assert.equal(side, fixed[axis]);
    }
    this.before(tile, this.sides.length);
    const width = tile.width * 2;
    const data =
      tile.data.slice(0, 0).constructor === Uint16Array
        ? new Uint16Array(width * tile.height * 6)
        : new Uint8Array(width * tile.height * 6);
    for (let y = 0; y < tile.height * 2; y += 1)
      for (let x = 0; x < width; x += 1)
        for (let channel = 0; channel < 3; channel += 1)
          data[(y * width + x) * 3 + channel] =
            tile.data[((y >> 1) * tile.width + (x >> 1)) * 3 + channel] ?? 0;
    return { data, width, height: tile.height * 2, channels: 3 };
  }
}

/** The same in tile workers: each tile takes as many rounds of the event loop as it is told. */
class InWorkers extends Doubling {
  atWork = 0;
  mostAtOnce = 0;
  constructor(
    entry: ModelEntry,
    readonly rounds: Iterator<number>,
    before: (tile: Raster<3>, run: number) => void = () => {},
  ) {
    super(entry, before);
  }

  async runInWorker(tile: Raster<3>): Promise<TimedTile> {
    this.atWork += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atWork);
    for (let left = Number(this.rounds.next().value ?? 1); left > 0; left -= 1)
      await new Promise((resolve) => setImmediate(resolve));
    try {
      return { upscaled: await this.run(tile), ms: 1 };
    } finally {
      this.atWork -= 1;
    }
  }
}

function doubled({ data, width, height }: Raster): Uint8Array {
  return Uint8Array.from({ length: width * height * 12 }, (_, at) => {
    const pixel = Math.floor(at / 3);
    const x = (pixel % (width * 2)) >> 1;
    const y = Math.floor(pixel / (width * 2)) >> 1;
    return data[(y * width + x) * 3 + (at % 3)] ?? 0;
  });
}

function withSizes(
  entry: ModelEntry,
  sizeRequirements: Partial<ModelEntry['sizeRequirements']> = {},
): ModelEntry {
  return { ...entry, scale: 2, sizeRequirements: { minimum: 1, multipleOf: 1, ...sizeRequirements } };
}

describe('a render', () => {
  let entry: ModelEntry;
  let embedded: LoadedModel;
  before(async () => {
    entry = await embeddedEntry();
    embedded = await openEmbedded();
  });
  after(() => embedded.release());

  it('has every pixel in its place, for any size, tile, overlap and requirement', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 0, max: 50 }),
        fc.constantFrom(
          {},
          { minimum: 16 },
          { multipleOf: 8 },
          { minimum: 20, multipleOf: 16 },
          { fixed: [24, 40] as const },
        ),
        async (width, height, tileSizePx, overlapPx, sizes) => {
          const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 131) % 256);
          const image = { data, width, height, channels: 3 };
          const model = new Doubling(withSizes(entry, sizes));
          const result = await rendered(image, networkCandidate(model, { tileSizePx }), overlapPx);
          assert.ok(Buffer.from(result.data).equals(doubled(image)));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('has every pixel in its place also when tiles are computed at once and end in another order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 20, max: 60 }),
        fc.integer({ min: 2, max: 5 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 4 })),
        async (width, height, tileSizePx, tileWorkers, rounds) => {
          const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 131) % 256);
          const image = { data, width, height, channels: 3 };
          const model = new InWorkers(withSizes(entry), rounds);
          const candidate = networkCandidate(model, { tileSizePx, tileWorkers });
          const result = await rendered(image, candidate, 8, { scheduler: new FairTileScheduler() });
          assert.ok(Buffer.from(result.data).equals(doubled(image)));
          assert.ok(model.mostAtOnce <= tileWorkers);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('computes as many tiles at once as there are tile workers', async () => {
    const model = new InWorkers(withSizes(entry), [2, 0, 1, 2, 1, 0, 3][Symbol.iterator]());
    const candidate = networkCandidate(model, { tileSizePx: 40, tileWorkers: 3 });
    await rendered(await detailed(150, 130), candidate, 8, { scheduler: new FairTileScheduler() });
    assert.equal(model.mostAtOnce, 3);
  });

  it('tells once of the memory that several tiles at once did not find, and goes on with smaller ones', async () => {
    const image = await detailed(150, 130);
    const remembered: number[] = [];
    const model = new InWorkers(withSizes(entry), [1, 2, 1][Symbol.iterator](), (tile) => {
      if (Math.max(tile.width, tile.height) > 40) throw new TileFailure('out_of_memory', 'bad_alloc');
    });
    const candidate = networkCandidate(model, {
      tileSizePx: 64,
      tileWorkers: 2,
      rememberTileSize: (px) => remembered.push(px),
    });
    const result = await rendered(image, candidate, 8, { scheduler: new FairTileScheduler() });
    assert.ok(Buffer.from(result.data).equals(doubled(image)));
    assert.equal(result.notes.length, 1);
    assert.equal(remembered.length, 1);
  });

  it('waits for the tiles at work before it fails', async () => {
    const model = new InWorkers(withSizes(entry), [0, 9, 9, 9][Symbol.iterator](), (_, run) => {
      if (run === 1) throw new TileFailure('device_lost', 'gone');
    });
    const candidate = networkCandidate(model, { tileSizePx: 40, tileWorkers: 3 });
    await assert.rejects(
      rendered(await detailed(150, 130), candidate, 8, { scheduler: new FairTileScheduler() }),
      /gone/,
    );
    assert.equal(model.atWork, 0);
    assert.equal(model.sides.length, 3, 'nothing was begun after the failure');
  });

  it('keeps 16 bits', async () => {
    const data = Uint16Array.from({ length: 40 * 30 * 3 }, (_, at) => (at * 7919) % 65_536);
    const image = { data, width: 40, height: 30, channels: 3 };
    const whole = await rendered(
      image,
      networkCandidate(new Doubling(withSizes(entry)), { tileSizePx: 512 }),
      8,
    );
    const tiled = await rendered(
      image,
      networkCandidate(new Doubling(withSizes(entry)), { tileSizePx: 32 }),
      8,
    );
    assert.ok(tiled.tiles > whole.tiles);
    assert.deepEqual(tiled.data, whole.data);
  });

  it('has no seams: with the embedded model at its own overlap, PSNR >= 60 dB and no difference above 1 beside them', async () => {
    const image = await detailed(300, 200);
    const { scale } = entry;
    const candidate = networkCandidate(embedded, { tileSizePx: 128 });
    const tiled = await rendered(image, candidate, entry.overlapPx);
    assert.ok(tiled.tiles > 4);
    const border = { width: image.width + 2 * BORDER_PX, height: image.height + 2 * BORDER_PX };
    const bordered = new Uint8Array(border.width * border.height * 3);
    cut(image, -BORDER_PX, -BORDER_PX, border.width, border.height, bordered);
    const untiled = await embedded.run({ data: bordered, ...border, channels: 3 });
    const expected = new Uint8Array(image.width * image.height * scale * scale * 3);
    cut(
      { ...untiled, channels: 3 },
      BORDER_PX * scale,
      BORDER_PX * scale,
      image.width * scale,
      image.height * scale,
      expected,
    );
    assert.ok(tiled.data instanceof Uint8Array);
    // Stricter than asked: over the whole image, in which only the band around the seams can differ.
    assert.ok(
      largestDifference(tiled.data, expected) <= 1,
      `differs by ${largestDifference(tiled.data, expected)}`,
    );
    assert.ok(psnr(tiled.data, expected) >= 60, `${psnr(tiled.data, expected)} dB`);
  });

  it('goes on with half the tile when memory ends, from where it was, and remembers what worked', async () => {
    const image = await detailed(150, 130);
    const remembered: number[] = [];
    const model = new Doubling(withSizes(entry), (tile, run) => {
      if (run > 2 && Math.max(tile.width, tile.height) > 40)
        throw new TileFailure('out_of_memory', 'Failed to allocate memory for requested buffer of size 1');
    });
    const candidate = networkCandidate(model, {
      tileSizePx: 96,
      rememberTileSize: (px) => remembered.push(px),
    });
    const result = await rendered(image, candidate, 16);
    assert.ok(Buffer.from(result.data).equals(doubled(image)));
    const [first = 0] = model.sides;
    assert.ok(result.notes.length >= 1);
    assert.deepEqual(
      result.notes.map(({ outcome, reason, model: name }) => [outcome, reason, name]),
      result.notes.map(() => ['failed', 'out_of_memory', entry.name]),
    );
    assert.equal(result.notes[0]?.tileSizePx, first);
    assert.equal(
      model.sides.filter((side) => side > 40).length,
      2 + result.notes.length,
      'the two good tiles are kept',
    );
    assert.equal(remembered.length, 1);
    assert.ok((remembered[0] ?? 99) <= 48);
    const afterwards = model.sides.slice(2 + result.notes.length);
    assert.equal(candidate.givenTilePx, Math.max(...afterwards), 'what the candidate served with');
  });

  it('has no seams either where a region was computed in smaller tiles', async () => {
    const image = await detailed(220, 120);
    let runs = 0;
    const failing: TileModel = {
      entry: embedded.entry,
      provider: embedded.provider,
      run: (tile) => {
        runs += 1;
        if (runs === 1) throw new TileFailure('out_of_memory', 'Failed to allocate memory');
        return embedded.run(tile);
      },
    };
    const whole = await rendered(image, networkCandidate(embedded, { tileSizePx: 512 }), entry.overlapPx);
    const split = await rendered(image, networkCandidate(failing, { tileSizePx: 512 }), entry.overlapPx);
    assert.ok(split.tiles > whole.tiles);
    assert.ok(whole.data instanceof Uint8Array && split.data instanceof Uint8Array);
    assert.ok(largestDifference(whole.data, split.data) <= 1);
  });

  it('gives up when the smallest tile does not fit, whose failure is for the chain to note', async () => {
    const model = new Doubling(withSizes(entry, { minimum: 32 }), () => {
      throw new TileFailure('out_of_memory', 'std::bad_alloc');
    });
    const notes: unknown[] = [];
    const candidate = networkCandidate(model, { tileSizePx: 200 });
    await assert.rejects(
      rendered(await detailed(200, 200), candidate, 8, {
        note: (each) => notes.push(each),
      }),
      (error) => error instanceof TileFailure && error.reason === 'out_of_memory',
    );
    assert.equal(model.sides.at(-1), 32);
    assert.equal(notes.length, model.sides.length - 1);
    assert.equal(candidate.givenTilePx, 32);
  });

  it('asks the alternative for a tile whose output was invalid, and goes on', async () => {
    const image = await detailed(150, 130);
    const model = new Doubling(withSizes(entry), (_, run) => {
      if (run === 2) throw new TileFailure('invalid_output', 'NaN');
    });
    const twin = new Doubling({ ...withSizes(entry), name: 'twin' });
    const candidate = networkCandidate(model, { tileSizePx: 64, alternative: async () => twin });
    const result = await rendered(image, candidate, 16);
    assert.ok(Buffer.from(result.data).equals(doubled(image)));
    assert.equal(twin.sides.length, 1);
    assert.deepEqual(
      result.notes.map(({ reason }) => reason),
      ['invalid_output'],
    );
    const alone = new Doubling(withSizes(entry), () => {
      throw new TileFailure('invalid_output', 'NaN');
    });
    await assert.rejects(
      rendered(image, networkCandidate(alone, { alternative: async () => undefined }), 16),
      (error) => error instanceof TileFailure && error.reason === 'invalid_output',
    );
  });

  it('leaves any other failure to the chain', async () => {
    const model = new Doubling(withSizes(entry), () => {
      throw new TileFailure('device_lost', 'device lost');
    });
    await assert.rejects(
      rendered(await detailed(40, 40), networkCandidate(model), 16),
      (error) => error instanceof TileFailure && error.reason === 'device_lost',
    );
  });

  it('stops at the next tile when it is cancelled or late, and gives its turn back', async () => {
    const image = await detailed(150, 130);
    for (const late of [true, false]) {
      const controller = new AbortController();
      let deadline = monotonicMs() + 60_000;
      const model = new Doubling(withSizes(entry), (_, run) => {
        if (run !== 3) return;
        if (late) deadline = 0;
        else controller.abort(new TesseraError('cancelled', 'The client went away.'));
      });
      let held = 0;
      const cancellation = new Cancellation(controller.signal, deadline);
      Object.defineProperty(cancellation, 'deadlineAtMs', { get: () => deadline });
      await assert.rejects(
        rendered(image, networkCandidate(model, { tileSizePx: 48 }), 16, {
          cancellation,
          scheduler: {
            take: async () => {
              held += 1;
              return {
                end: () => {
                  held -= 1;
                },
              };
            },
          },
        }),
        (error) => error instanceof TesseraError && error.code === (late ? 'deadline_exceeded' : 'cancelled'),
      );
      assert.equal(model.sides.length, 3);
      assert.equal(held, 0);
    }
  });

  it('fills tiles of one value without computing them, where asked to', async () => {
    const data = new Uint8Array(200 * 100 * 3).fill(255);
    data.fill(0, 0, 30 * 3);
    const image = { data, width: 200, height: 100, channels: 3 };
    const model = new Doubling(withSizes(entry));
    const result = await rendered(image, networkCandidate(model, { tileSizePx: 64 }), 16, {}, true);
    assert.ok(Buffer.from(result.data).equals(doubled(image)));
    assert.ok(model.sides.length > 0 && model.sides.length < 6, `${model.sides.length} tiles computed`);
  });

  it('feeds the measured speed', async () => {
    const pixels: number[] = [];
    const image = await detailed(60, 50);
    const candidate = networkCandidate(embedded, {
      recordSpeed: (inputPixels, ms) => {
        assert.ok(ms > 0);
        pixels.push(inputPixels);
      },
    });
    await rendered(image, candidate, 36);
    assert.deepEqual(pixels, [80 * 70]);
  });
});
