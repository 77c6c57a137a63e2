import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { asDiskFull } from '../../src/host/disk-full.js';
import { srgbProfile } from '../../src/pipeline/output/srgb.js';
import { bleedColours } from '../../src/pipeline/raster/bleed.js';
import { Canvas } from '../../src/pipeline/raster/canvas.js';
import { CanvasStore } from '../../src/pipeline/render/canvas-store.js';
import './stage.js';

describe('Canvas', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-canvas-'));
  });
  after(() => rm(folder, { recursive: true }));

  /** Writes RGB rows in bands of random height, one row ahead of what is finished. */
  async function write(
    canvas: Canvas,
    rgb: Uint8Array | Uint16Array,
    width: number,
    height: number,
    band: number,
  ) {
    for (let row = 0; row < height; ) {
      const rows = Math.min(band, height - row);
      const ahead = Math.min(rows + 1, height - row);
      canvas.window(ahead).set(rgb.subarray(row * width * 3, (row + ahead) * width * 3));
      await canvas.finish(rows);
      row += rows;
    }
  }

  it('is read by sharp as it was written, in 8 and 16 bits, with alpha behind each pixel', async () => {
    const side = fc.integer({ min: 1, max: 40 });
    await fc.assert(
      fc.asyncProperty(
        side,
        side,
        fc.integer({ min: 1, max: 50 }),
        fc.boolean(),
        fc.boolean(),
        async (width, height, band, sixteenBit, transparent) => {
          const values = Array.from(
            { length: width * height * 3 },
            (_, at) => (at * 7919) % (sixteenBit ? 65_536 : 256),
          );
          const rgb = sixteenBit ? Uint16Array.from(values) : Uint8Array.from(values);
          const grey = rgb.map((_, at) => rgb[at - (at % 3)] ?? 0);
          const canvases = new CanvasStore(folder);
          const shape = { width, height, sixteenBit };
          try {
            const alpha = transparent ? await canvases.canvas('alpha', { ...shape, grey: true }) : undefined;
            if (alpha !== undefined) {
              await write(alpha, grey, width, height, band);
              await alpha.complete({});
            }
            const canvas = await canvases.canvas('canvas', { ...shape, grey: false }, alpha);
            await write(canvas, rgb, width, height, band);
            const icc = await srgbProfile();
            await canvas.complete(icc === undefined ? {} : { icc });
            const read = await sharp(canvas.path, { ignoreIcc: true })
              .toColourspace(sixteenBit ? 'rgb16' : 'srgb')
              .raw({ depth: sixteenBit ? 'ushort' : 'uchar' })
              .toBuffer();
            const samples = sixteenBit
              ? new Uint16Array(read.buffer, read.byteOffset, read.length / 2)
              : read;
            const channels = transparent ? 4 : 3;
            for (let pixel = 0; pixel < width * height; pixel += 1)
              for (let channel = 0; channel < channels; channel += 1) {
                const expected = channel === 3 ? grey[pixel * 3] : rgb[pixel * 3 + channel];
                assert.equal(samples[pixel * channels + channel], expected);
              }
          } finally {
            await canvases.clear();
          }
        },
      ),
      { numRuns: 60 },
    );
    assert.deepEqual(await readdir(folder), []);
  });

  it('does not take over a file that is there', async () => {
    const shape = { width: 2, height: 2, grey: false, sixteenBit: false };
    const canvases = new CanvasStore(folder);
    await canvases.canvas('canvas', shape);
    await assert.rejects(Canvas.create(join(folder, 'canvas.v'), shape), { code: 'EEXIST' });
    await canvases.clear();
    await canvases.clear();
  });

  it('knows a full disk by code and by words, and nothing else', () => {
    const full = [
      Object.assign(new Error('x'), { code: 'ENOSPC' }),
      new Error('write error\nsystem error: No space left on device'),
    ];
    for (const error of full)
      assert.deepEqual(
        Object.entries(asDiskFull(error) as object).find(([key]) => key === 'code'),
        ['code', 'disk_full'],
      );
    const other = new Error('VipsJpeg: unable to write');
    assert.equal(asDiskFull(other), other);
  });
});

describe('bleedColours', () => {
  it('leaves visible pixels alone and gives hidden ones colours that are in the image', async () => {
    const side = fc.integer({ min: 1, max: 20 });
    await fc.assert(
      fc.asyncProperty(side, side, fc.infiniteStream(fc.nat(255)), async (width, height, stream) => {
        const next = () => stream.next().value ?? 0;
        const data = Uint8Array.from({ length: width * height * 3 }, () => 60 + (next() % 100));
        const opacity = Uint8Array.from({ length: width * height }, () => (next() < 150 ? 0 : next()));
        for (const [pixel, alpha] of opacity.entries())
          if (alpha === 0) data.fill(255, pixel * 3, pixel * 3 + 3);
        const before = data.slice();
        await bleedColours(
          { data, width, height, channels: 3 },
          { data: opacity, width, height, channels: 1 },
        );
        const anyVisible = opacity.some((alpha) => alpha > 8);
        for (const [pixel, alpha] of opacity.entries())
          for (let at = pixel * 3; at < pixel * 3 + 3; at += 1) {
            if (alpha > 8) assert.equal(data[at], before[at]);
            else if (anyVisible) assert.ok((data[at] ?? 0) >= 60 && (data[at] ?? 0) < 160, `${data[at]}`);
          }
      }),
    );
  });
});
