import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import sharp from 'sharp';
import { loadManifest } from '../../src/models/manifest.js';
import { openModel } from '../../src/models/onnx/session.js';
import type { Raster } from '../../src/tiling/raster.js';
import { PACKAGE_ROOT, SHIPPED_MODELS, SHIPPED_NAMES } from './shipped-models.js';

const SCALE = 4;
/** Input pixels at the edge that are not measured: they depend on the network's padding. */
const RIM = 10;

/** Luma and chroma of an RGB pixel (BT.601). */
const PLANES = {
  Y: [0.299, 0.587, 0.114],
  Cb: [-0.168736, -0.331264, 0.5],
  Cr: [0.5, -0.418688, -0.081312],
} as const;

/** A photo shrunk to what the network is given: 8 bits. */
async function small(photo: string): Promise<Raster<3>> {
  const { data, info } = await sharp(join(PACKAGE_ROOT, 'bench/photos', photo))
    .resize(160)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 };
}

/**
 * The mean difference of neighbouring pixels across the borders of 4-pixel squares, divided by the mean difference inside them: 1 for a picture
 * without the input's pixel grid, about 1.1 for Lanczos, and much more for squares of flat colour.
 */
function grid({ data, width, height }: Raster<3>, [r, g, b]: readonly [number, number, number]): number {
  const value = (x: number, y: number) => {
    const at = (y * width + x) * 3;
    return r * (data[at] ?? 0) + g * (data[at + 1] ?? 0) + b * (data[at + 2] ?? 0);
  };
  const sums = { border: 0, inside: 0 };
  const rim = RIM * SCALE;
  for (let y = rim; y < height - rim; y += 1)
    for (let x = rim; x < width - rim; x += 1) {
      sums[x % SCALE === SCALE - 1 ? 'border' : 'inside'] += Math.abs(value(x + 1, y) - value(x, y));
      sums[y % SCALE === SCALE - 1 ? 'border' : 'inside'] += Math.abs(value(x, y + 1) - value(x, y));
    }
  return (sums.border * (SCALE - 1)) / sums.inside;
}

describe('the embedded models do not reproduce the pixel grid of their input', () => {
  for (const name of SHIPPED_NAMES)
    test(`${name}: no 4-pixel squares in luma or chroma`, async () => {
      const entry = (await loadManifest(SHIPPED_MODELS)).find((each) => each.name === name);
      assert.ok(entry);
      const model = await openModel(entry, SHIPPED_MODELS, 'cpu', { threads: 2 });
      try {
        const pictures: Raster<3>[] = [];
        for (const photo of ['otter.jpg', 'sign.jpg', 'spices.jpg'])
          pictures.push(await model.run(await small(photo)));
        for (const [plane, weights] of Object.entries(PLANES)) {
          const ratios = pictures.map((picture) => grid(picture, weights));
          const mean = ratios.reduce((sum, ratio) => sum + ratio) / ratios.length;
          const said = `${plane}: ${ratios.map((ratio) => ratio.toFixed(3)).join(', ')}`;
          assert.ok(mean <= 1.12 && Math.max(...ratios) <= 1.2, said);
        }
      } finally {
        await model.release();
      }
    });
});
