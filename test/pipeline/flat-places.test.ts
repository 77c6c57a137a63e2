import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadManifest } from '../../src/models/manifest.js';
import { type LoadedModel, openModel } from '../../src/models/onnx/session.js';
import type { TileModel } from '../../src/models/tile-model.js';
import type { Raster } from '../../src/tiling/raster.js';
import { SHIPPED_MODELS, SHIPPED_NAMES } from '../models/shipped-models.js';
import { rendered } from './rendering.js';
import { largestDifference, networkCandidate } from './stage.js';

/** A model that counts the pixels it is given. */
class Counting implements TileModel {
  readonly provider = 'cpu';
  pixels = 0;
  constructor(
    readonly model: LoadedModel,
    readonly entry = model.entry,
  ) {}

  async run(tile: Raster<3>): Promise<Raster<3>> {
    this.pixels += tile.width * tile.height;
    return this.model.run(tile);
  }
}

/** A desktop of one colour with a small picture and what looks like a line of text, far from each other. */
function screenshot(): Raster {
  const [width, height] = [560, 420];
  const data = new Uint8Array(width * height * 3);
  const box = (
    left: number,
    top: number,
    across: number,
    down: number,
    colour: (x: number, y: number) => number[],
  ) => {
    for (let y = top; y < top + down; y += 1)
      for (let x = left; x < left + across; x += 1) data.set(colour(x, y), (y * width + x) * 3);
  };
  box(0, 0, width, height, () => [43, 74, 111]);
  box(20, 30, 50, 40, (x, y) => [x % 256, (x * y) % 256, y % 256]);
  box(400, 380, 140, 12, (x, y) =>
    (x * 7 + y * 13 + ((x * y) % 5)) % 11 < 4 ? [20, 20, 20] : [43, 74, 111],
  );
  return { data, width, height, channels: 3 };
}

for (const name of SHIPPED_NAMES)
  describe(name, () => {
    let model: LoadedModel;
    before(async () => {
      const entry = (await loadManifest(SHIPPED_MODELS)).find((each) => each.name === name);
      assert.ok(entry?.flatReachPx);
      model = await openModel(entry, SHIPPED_MODELS, 'cpu', { threads: 2 });
    });
    after(() => model.release());

    it('gives flat colour back as it is', async () => {
      const side = 2 * (model.entry.flatReachPx ?? 0) + 4;
      // Saturated ones too: deep blue is what training pictures have the least of.
      const shades = [1, 15, 180, 255];
      for (let index = 0; index < shades.length ** 3; index += 1) {
        const colour = [0, 1, 2].map((place) => shades[(index >> (2 * place)) % shades.length] ?? 0);
        const tile = Uint8Array.from({ length: side * side * 3 }, (_, at) => colour[at % 3] ?? 0);
        const { data, width } = await model.run({ data: tile, width: side, height: side, channels: 3 });
        // All sixteen pixels of one input pixel: a pattern would lie within them.
        for (let row = 0; row < 4; row += 1) {
          const middle = (((width >> 1) + row) * width + (width >> 1)) * 3;
          const four = [...data.subarray(middle, middle + 12)];
          assert.deepEqual(four, [...colour, ...colour, ...colour, ...colour]);
        }
      }
    });

    it('computes less where a picture is flat, and draws the same', async () => {
      const picture = screenshot();
      const { flatReachPx: _, ...unmeasured } = model.entry;
      const all = new Counting(model, unmeasured);
      const some = new Counting(model);
      const whole = await rendered(picture, networkCandidate(all), model.entry.overlapPx);
      const filled = await rendered(picture, networkCandidate(some), model.entry.overlapPx);
      assert.ok(
        largestDifference(new Uint8Array(whole.data), new Uint8Array(filled.data)) <=
          (model.entry.dtype === 'uint8' ? 0 : 1),
      );
      assert.ok(some.pixels < 0.75 * all.pixels, `${some.pixels} of ${all.pixels}`);
      assert.equal(filled.tiles, whole.tiles);
    });

    it('computes nothing of a picture of one colour', async () => {
      const some = new Counting(model);
      const data = new Uint8Array(200 * 100 * 3).fill(77);
      const filled = await rendered(
        { data, width: 200, height: 100, channels: 3 },
        networkCandidate(some),
        52,
      );
      assert.equal(some.pixels, 0);
      assert.ok(filled.data.every((value) => value === 77));
    });
  });
