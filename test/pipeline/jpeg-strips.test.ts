import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { jpegOptions } from '../../src/pipeline/output/encode.js';
import { JpegStrips } from '../../src/pipeline/output/jpeg-strips.js';
import { srgbProfile } from '../../src/pipeline/output/srgb.js';

/** RGB with detail everywhere, so that a wrong block would show. */
function noisy(width: number, height: number): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  let state = 1;
  for (let at = 0; at < data.length; at += 1) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    data[at] = ((at / 3 / width) & 127) + ((at % (width * 3)) & 63) + ((state >> 16) & 31);
  }
  return data;
}

describe('JpegStrips', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-jpeg-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function encodeInBands(
    rgb: Uint8Array,
    shape: { width: number; height: number; grey: boolean },
    quality: number,
    bands: readonly number[],
  ): Promise<Buffer> {
    const path = join(folder, 'strips.jpg');
    const icc = shape.grey ? undefined : await srgbProfile();
    const jpeg = await JpegStrips.create(path, { ...shape, icc, metadata: {} }, jpegOptions(quality), 2);
    let row = 0;
    for (let band = 0; row < shape.height; band += 1) {
      const rows = Math.min(bands[band % bands.length] ?? 1, shape.height - row);
      // One row more is written ahead, as a render does for the next row of tiles, and must be kept.
      const ahead = Math.min(rows + 1, shape.height - row);
      const stride = shape.width * 3;
      const window = jpeg.window(ahead);
      if (row > 0) assert.equal(window[0], rgb[row * stride], 'the row written ahead is still there');
      window.set(rgb.subarray(row * stride, (row + ahead) * stride));
      await jpeg.finish(rows);
      row += rows;
    }
    const bytes = await jpeg.complete();
    const file = await readFile(path);
    assert.equal(file.length, bytes);
    return file;
  }

  for (const [width, height, quality, grey] of [
    [1500, 2003, 95, false],
    [1500, 2003, 80, false],
    [333, 5001, 85, false],
    [9000, 700, 95, false],
    [1501, 2000, 95, true],
    [1, 1, 95, false],
  ] as const) {
    it(`gives the pixels of one encoder call: ${width} x ${height}, quality ${quality}${grey ? ', grey' : ''}`, async () => {
      const rgb = noisy(width, height);
      const joined = await encodeInBands(rgb, { width, height, grey }, quality, [100, 517, 64]);
      const raw = { width, height, channels: 3 } as const;
      // Luma by the same weights as the strips use.
      const luma = new Uint8Array(width * height).map(
        (_, at) =>
          ((rgb[at * 3] ?? 0) * 77 + (rgb[at * 3 + 1] ?? 0) * 150 + (rgb[at * 3 + 2] ?? 0) * 29 + 128) >> 8,
      );
      const source = grey
        ? sharp(luma, { raw: { ...raw, channels: 1 } }).toColourspace('b-w')
        : sharp(rgb, { raw });
      const whole = await source.jpeg(jpegOptions(quality)).toBuffer();
      const [expected, actual] = await Promise.all([
        sharp(whole).raw().toBuffer(),
        sharp(joined, { failOn: 'warning', ignoreIcc: true }).raw().toBuffer(),
      ]);
      assert.ok(expected.equals(actual));
      const metadata = await sharp(joined).metadata();
      assert.equal(metadata.hasProfile, !grey);
      assert.equal(metadata.space, grey ? 'b-w' : 'srgb');
      assert.equal(metadata.isProgressive, false);
    });
  }
});
