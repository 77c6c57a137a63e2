import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SHIPPED_NAMES } from '../models/shipped-models.js';
import { type Figures, type FiguresOfModels, figuresOf, goldenFigures, PHOTOS } from './figures.js';

/** What other processors, or another release of libvips, may change. A worse network differs by more. */
const TOLERANCE: Figures = { psnr: 0.05, ssim: 0.001, sharpness: 0.005 };

const NAMES = { psnr: 'PSNR in dB', ssim: 'SSIM', sharpness: 'Sharpness' };

describe('a photo shrunk by four and enlarged again', () => {
  let folder: string;
  let golden: FiguresOfModels;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-quality-'));
    golden = await goldenFigures();
  });
  after(() => rm(folder, { recursive: true }));

  for (const name of SHIPPED_NAMES)
    it(`is as like the original by ${name} as its golden figures say`, async () => {
      for (const photo of PHOTOS) {
        const expected = golden[name]?.[photo];
        assert.ok(expected, `There are no golden figures of ${name} for ${photo}: npm run models:figures`);
        const reached = await figuresOf(name, photo, folder);
        for (const kind of ['psnr', 'ssim', 'sharpness'] as const) {
          const change = reached[kind] - expected[kind];
          assert.ok(
            Math.abs(change) <= TOLERANCE[kind],
            `${NAMES[kind]} of ${photo} has ${change < 0 ? 'fallen' : 'risen'} by ${Math.abs(change).toFixed(4)}, ` +
              `from ${expected[kind]} to ${reached[kind]}. After new weights: npm run models:figures`,
          );
        }
      }
    });
});
