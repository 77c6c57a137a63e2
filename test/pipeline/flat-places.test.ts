import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LoadedModel } from '../../src/models/session.js';
import type { RgbPixels, TileModel } from '../../src/models/tile-model.js';
import type { Raster } from '../../src/tiling/cut.js';
import { rendered } from './rendering.js';
import { largestDifference, networkRung, openEmbedded } from './stage.js';

/** A model that counts the pixels it is given. */
class Counting implements TileModel {
  readonly provider = 'cpu';
  pixels = 0;
  constructor(
    readonly model: LoadedModel,
    readonly entry = model.entry,
  ) {}

  async run(tile: RgbPixels): Promise<RgbPixels> {
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

for (const twin of ['int8', 'float'] as const)
  describe(`the embedded ${twin} model`, () => {
    let model: LoadedModel;
    before(async () => {
      model = await openEmbedded(twin);
    });
    after(() => model.release());

    it('gives flat colour back as it is', async () => {
      const side = 2 * (model.entry.flatReachPx ?? 0) + 4;
      const shades = [0, 1, 17, 64, 127, 128, 200, 250, 254, 255];
      for (let index = 0; index < 60; index += 1) {
        const colour = [1, 3, 7].map((step) => shades[(index * step + step) % shades.length] ?? 0);
        const tile = Uint8Array.from({ length: side * side * 3 }, (_, at) => colour[at % 3] ?? 0);
        const { data, width } = await model.run({ data: tile, width: side, height: side });
        const middle = ((width >> 1) * width + (width >> 1)) * 3;
        assert.deepEqual([...data.subarray(middle, middle + 3)], colour);
      }
    });

    it('computes less where a picture is flat, and draws the same', async () => {
      const picture = screenshot();
      const { flatReachPx: _, ...unmeasured } = model.entry;
      const all = new Counting(model, unmeasured);
      const some = new Counting(model);
      const whole = await rendered(picture, networkRung(all), model.entry.overlapPx);
      const filled = await rendered(picture, networkRung(some), model.entry.overlapPx);
      assert.ok(
        largestDifference(new Uint8Array(whole.data), new Uint8Array(filled.data)) <=
          (twin === 'int8' ? 0 : 1),
      );
      assert.ok(some.pixels < 0.75 * all.pixels, `${some.pixels} of ${all.pixels}`);
      assert.equal(filled.tiles, whole.tiles);
    });

    it('computes nothing of a picture of one colour', async () => {
      const some = new Counting(model);
      const data = new Uint8Array(200 * 100 * 3).fill(77);
      const filled = await rendered({ data, width: 200, height: 100, channels: 3 }, networkRung(some), 52);
      assert.equal(some.pixels, 0);
      assert.ok(filled.data.every((value) => value === 77));
    });
  });
