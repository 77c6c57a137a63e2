import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/host/package-root.js';
import type { DecodedImage } from '../../src/pipeline/input/decode.js';
import { decoding, near, pixelOf } from './decoding.js';

const files = await decoding();
/** Pictures from other projects' test sets, which are not part of this one. */
const FOLDER = join(packageRoot(), '..', 'shared', 'data', 'cases');
const absent = existsSync(FOLDER) ? false : 'the pictures of this test are not here (../shared/data/cases)';

const file = (name: string) => readFile(join(FOLDER, name));

/** Mean colour of the upper left quarter. */
function quarter(image: DecodedImage): number[] {
  const sums = [0, 0, 0];
  const [width, height] = [image.colour.width >> 1, image.colour.height >> 1];
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      for (const channel of [0, 1, 2])
        sums[channel] = (sums[channel] ?? 0) + (pixelOf(image, x, y)[channel] ?? 0);
  return sums.map((sum) => sum / (width * height));
}

describe('pictures that decoders get wrong', { skip: absent }, () => {
  const refused: readonly (readonly [name: string, words: RegExp])[] = [
    ['tiled-zstd.tif', /ZSTD/],
    ['zackthecat.tif', /old-style JPEG/],
    ['tiff-planar-grey-alpha.tif', /plane for each/],
    ['planar-yuv444-jpeg-lzw.tif', /plane for each/],
    ['seine_hdr_rec2020.avif', /HDR.*PQ/],
    ['12bit.cropped.tif', /12-bit/],
    ['12-bit.jpg', /12 bits/],
    ['lab.tif', /L\*a\*b\*/],
    ['rgb24rle24.bmp', /RLE24/],
    ['canon.cr3', /Camera RAW files \(CR3\)/],
    ['DNG.dng', /Camera RAW files \(DNG\)/],
  ];
  for (const [name, words] of refused)
    it(`${name} is refused by name`, async () => {
      const refusal = await files.refusal(await file(name));
      assert.match(refusal, /^unsupported_image: /);
      assert.match(refusal, words);
    });

  for (const name of ['tiled-intact.tif', 'ycbcr-444.tif', 'rgba-plus-mask.tif'])
    it(`${name} has its colours`, async () => {
      const image = await files.decoded(await file(name));
      assert.ok(near(quarter(image), [174, 76, 82.5], 2), String(quarter(image)));
    });

  it('alpha is kept beside further channels, associated or not', async () => {
    for (const name of ['tiff-rgb-alpha-plus-extra.tif', 'rgba-plus-mask.tif', 'assoc16.tif'])
      assert.ok((await files.decoded(await file(name))).alpha !== undefined, name);
  });

  it('grey with a linear profile is as light in 16 bits as in 8', async () => {
    for (const name of ['gray16-linear-profile.png', 'gray8-linear-profile.png']) {
      const { colour, sixteenBit } = await files.decoded(await file(name));
      let sum = 0;
      for (const value of colour.data) sum += value;
      const mean = sum / colour.data.length;
      assert.ok(Math.abs(mean / (sixteenBit ? 257 : 1) - 178.6) < 0.5, `${name}: ${mean}`);
    }
  });

  it('pure colours of 16 bits stay pure', async () => {
    const image = await files.decoded(await file('png16-srgb-icc-pure-colours.png'));
    for (const [index, pure] of [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [255, 255, 0],
    ].entries())
      assert.ok(near(pixelOf(image, index * 8 + 4, 4), pure, 1), String(pixelOf(image, index * 8 + 4, 4)));
  });

  it('an animation tells its frames, and what its first frame leaves out is transparent', async () => {
    assert.equal((await files.header(await file('animated-red-blue.apng'))).pages, 4);
    const image = await files.decoded(await file('small_frame_big_canvas.gif'));
    assert.equal(pixelOf(image, 0, 0)[3], 0);
  });
});
