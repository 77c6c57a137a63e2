import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import type { UpscaleOptions, UpscaleResult } from '../../src/domain/types.js';
import type { LoadedModel } from '../../src/models/onnx/session.js';
import { psnr } from '../quality/likeness.js';
import { GivenChain, networkCandidate, openEmbedded, upscaled } from './stage.js';

const WIDTH = 90;
const HEIGHT = 60;

/** Red, green and blue thirds from left to right, darker towards the bottom; with alpha that rises to the right where wanted. */
function picture(alpha: boolean): Promise<Buffer> {
  const channels = alpha ? 4 : 3;
  const data = Buffer.alloc(WIDTH * HEIGHT * channels);
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1) {
      const at = (y * WIDTH + x) * channels;
      data[at + Math.floor((3 * x) / WIDTH)] = 255 - y;
      if (alpha) data[at + 3] = 100 + x;
    }
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } })
    .png()
    .toBuffer();
}

describe('a size in place of a scale', () => {
  let folder = '';
  let model: LoadedModel;
  let chain: GivenChain;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-sizes-'));
    model = await openEmbedded();
    chain = new GivenChain((request) =>
      request.model === 'lanczos' ? [{ kind: 'lanczos' }] : [networkCandidate(model)],
    );
  });
  after(async () => {
    await model.release();
    await rm(folder, { recursive: true });
  });

  /** The result, and its pixels as 8-bit RGB. */
  async function drawn(
    options: Partial<UpscaleOptions>,
    alpha = false,
  ): Promise<UpscaleResult & { readonly rgb: Buffer; readonly channels: number }> {
    const path = join(folder, 'source.png');
    await sharp(await picture(alpha)).toFile(path);
    return upscaled(path, options, { chain }, async ({ result, resultPath }) => {
      const { channels } = await sharp(resultPath).metadata();
      const { data, info } = await sharp(resultPath)
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height], [result.width, result.height]);
      return { ...result, rgb: data, channels };
    });
  }

  it('gives exactly that size in every format, and tells the steps', async () => {
    const size = { kind: 'box', width: 217, height: 100, fit: 'fill', position: 'centre' } as const;
    for (const format of ['jpeg', 'png', 'webp', 'avif', 'tiff'] as const) {
      const result = await drawn({ size, format });
      assert.deepEqual([result.width, result.height], [217, 100], format);
      assert.deepEqual(result.steps, ['network', 'resize']);
      assert.equal(Number(result.scale.toFixed(3)), 2.411);
    }
    const fourfold = await drawn({ size: { kind: 'max_side', px: 360 }, format: 'jpeg' });
    assert.deepEqual([fourfold.width, fourfold.height, fourfold.steps], [360, 240, ['network']]);
  });

  it('cuts for cover what the position does not keep, alpha too, before the network computes', async () => {
    for (const [position, channel] of [
      ['left', 0],
      ['centre', 1],
      ['right', 2],
    ] as const)
      for (const alpha of [false, true]) {
        const size = { kind: 'box', width: 40, height: 80, fit: 'cover', position } as const;
        const { rgb, steps, width, height, channels } = await drawn({ size, format: 'png' }, alpha);
        assert.deepEqual(
          [width, height, steps, channels],
          [40, 80, ['crop', 'network', 'resize'], alpha ? 4 : 3],
        );
        const middle = (40 * 40 + 20) * 3;
        const brightest = [0, 1, 2].map((each) => rgb[middle + each] ?? 0);
        assert.equal(brightest.indexOf(Math.max(...brightest)), channel, position);
        const request = chain.requests.at(-1);
        assert.deepEqual([request?.width, request?.height], [30, 60]);
      }
  });

  it('reduces an image that is larger already without a network, as a good resampler does', async () => {
    const size = { kind: 'box', width: 45, fit: 'inside', position: 'centre' } as const;
    const { rgb, steps, model: served, width, height, fallback } = await drawn({ size, format: 'png' });
    assert.deepEqual([width, height, steps, served, fallback], [45, 30, ['resize'], 'lanczos', false]);
    const reference = await sharp(await picture(false))
      .resize(45, 30, { fit: 'fill' })
      .raw()
      .toBuffer();
    assert.ok(psnr(rgb, reference) > 45);
  });

  it('of the image itself changes nothing', async () => {
    const size = { kind: 'max_side', px: WIDTH } as const;
    const { rgb, steps } = await drawn({ size, format: 'png' });
    assert.deepEqual(steps, []);
    assert.deepEqual(
      rgb,
      await sharp(await picture(false))
        .raw()
        .toBuffer(),
    );
  });

  it('scale=1 keeps the size, and the network runs', async () => {
    const { rgb, steps, width, height } = await drawn({ scale: 1, format: 'png' });
    assert.deepEqual([width, height, steps], [WIDTH, HEIGHT, ['network', 'resize']]);
    const likeness = psnr(
      rgb,
      await sharp(await picture(false))
        .raw()
        .toBuffer(),
    );
    assert.ok(likeness > 30 && likeness < 60, `${likeness} dB`);
  });

  it('dpi sets the resolution of formats that have one', async () => {
    const path = join(folder, 'source.png');
    await sharp(await picture(false))
      .withMetadata({ density: 72 })
      .png()
      .toFile(path);
    for (const format of ['jpeg', 'png', 'tiff'] as const)
      await upscaled(path, { format, dpi: 300 }, { chain }, async ({ resultPath }) => {
        assert.equal((await sharp(resultPath).metadata()).density, 300, format);
      });
  });
});
