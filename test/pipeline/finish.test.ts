import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp, { type OutputInfo, type Sharp } from 'sharp';
import type { UpscaleOptions, UpscaleResult } from '../../src/domain/types.js';
import type { LoadedModel } from '../../src/models/onnx/session.js';
import { psnr } from '../quality/likeness.js';
import { GivenChain, networkCandidate, openEmbedded, upscaled } from './stage.js';

const WIDTH = 70;
const HEIGHT = 50;

/** Coarse texture in muted colours on the left, a hard edge between dark and light grey on the right. */
function picture(channels: 3 | 4): Sharp {
  const data = Buffer.alloc(WIDTH * HEIGHT * channels);
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1) {
      const texture = 20 * Math.sin(x * 1.1) * Math.cos(y * 0.9);
      const level = x < 40 ? 120 + texture : x < 55 ? 60 : 190;
      const at = (y * WIDTH + x) * channels;
      data.set([level, level, x < 40 ? level - 30 : level], at);
      if (channels === 4) data[at + 3] = 255 - 2 * y;
    }
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels } });
}

interface Finished {
  readonly result: UpscaleResult;
  readonly data: Buffer;
  readonly info: OutputInfo;
  readonly channels: number;
  /** Bits of a sample: uchar or ushort. */
  readonly depth: string | undefined;
}

describe('strength and sharpening', () => {
  let folder = '';
  let int8: LoadedModel;
  let float: LoadedModel;
  let chain: GivenChain;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-finish-'));
    int8 = await openEmbedded('int8');
    float = await openEmbedded('float');
    chain = new GivenChain(({ model, sixteenBit }) =>
      model === 'lanczos' ? [{ kind: 'lanczos' }] : [networkCandidate(sixteenBit ? float : int8)],
    );
  });
  after(async () => {
    await int8.release();
    await float.release();
    await rm(folder, { recursive: true });
  });

  /** A result in PNG and its samples, those of 16 bits as pairs of bytes. */
  async function finished(source: Sharp, options: Partial<UpscaleOptions>): Promise<Finished> {
    const path = join(folder, 'source.png');
    await source.png().toFile(path);
    return upscaled(path, { format: 'png', ...options }, { chain }, async ({ result, resultPath }) => {
      const { depth, channels } = await sharp(resultPath).metadata();
      const raw = sharp(resultPath).raw(depth === 'ushort' ? { depth: 'ushort' } : {});
      return { result, depth, channels, ...(await raw.toBuffer({ resolveWithObject: true })) };
    });
  }

  const mean = (one: Buffer, other: Buffer, share: number): Buffer =>
    Buffer.from(one.map((value, at) => Math.round(value * share + (other[at] ?? 0) * (1 - share))));

  it('strength mixes the network with plain resampling in exactly that share, alpha too', async () => {
    for (const channels of [3, 4] as const) {
      const network = await finished(picture(channels), {});
      const plain = await finished(picture(channels), { model: 'lanczos' });
      for (const strength of [0.3, 0.75]) {
        const mixed = await finished(picture(channels), { strength });
        assert.deepEqual(mixed.result.steps, ['network', 'mix']);
        // Both were rounded before.
        const likeness = psnr(mixed.data, mean(network.data, plain.data, strength));
        assert.ok(likeness > 55, `${channels} channels, ${strength}: ${likeness} dB`);
      }
    }
  });

  it('strength mixes also what goes straight into a JPEG, what is enlarged or reduced afterwards, and 16 bits', async () => {
    for (const options of [{ format: 'jpeg', quality: 100 }, { scale: 5.3 }, { scale: 2 }] as const) {
      const network = await finished(picture(3), options);
      const plain = await finished(picture(3), { ...options, model: 'lanczos' });
      const mixed = await finished(picture(3), { ...options, strength: 0.5 });
      const likeness = psnr(mixed.data, mean(network.data, plain.data, 0.5));
      assert.ok(likeness > 38, `${JSON.stringify(options)}: ${likeness} dB`);
      assert.ok(psnr(mixed.data, network.data) < likeness);
    }
    const deep = picture(3).toColourspace('rgb16');
    const words = ({ data }: Finished) => new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
    const [network, plain, mixed] = [
      words(await finished(deep.clone(), {})),
      words(await finished(deep.clone(), { model: 'lanczos' })),
      words(await finished(deep.clone(), { strength: 0.5 })),
    ];
    const half = network.map((value, at) => (value + (plain[at] ?? 0)) / 2);
    assert.ok(psnr(mixed, half, 65_535) > 80);
  });

  /** Standard deviation of the textured part, and the extremes beside the edge. */
  function measured({ data, info }: Finished) {
    const { width, channels } = info;
    const row = (y: number) => Array.from({ length: width }, (_, x) => data[(y * width + x) * channels] ?? 0);
    const texture = Array.from({ length: 80 }, (_, y) => row(60 + y).slice(20, 140)).flat();
    const average = texture.reduce((sum, value) => sum + value, 0) / texture.length;
    const spread = Math.sqrt(
      texture.reduce((sum, value) => sum + (value - average) ** 2, 0) / texture.length,
    );
    const edge = row(100).slice(170, 270);
    return { average, spread, darkest: Math.min(...edge), lightest: Math.max(...edge) };
  }

  it('sharpening raises texture the more the higher it is, moves no mean, and gives edges no halo', async () => {
    const plain = measured(await finished(picture(3), {}));
    let before = plain.spread;
    for (const sharpen of [0.3, 0.6, 1]) {
      const sharpened = await finished(picture(3), { sharpen });
      assert.deepEqual(sharpened.result.steps, ['network', 'sharpen']);
      const { spread, average, darkest, lightest } = measured(sharpened);
      assert.ok(spread > before, `${sharpen}: ${spread} after ${before}`);
      assert.ok(Math.abs(average - plain.average) < 1, `mean ${average} for ${plain.average}`);
      assert.ok(plain.darkest - darkest <= 11 && lightest - plain.lightest <= 11, `${darkest}, ${lightest}`);
      before = spread;
    }
  });

  it('sharpening leaves flat colour, faint noise and alpha as they are, and grey grey', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 1 } as const;
    const faint = sharp({ create: { width: 40, height: 40, channels: 3, background: '#888', noise } });
    const source = await faint.png().toBuffer();
    const one = await finished(sharp(source), { model: 'lanczos' });
    const other = await finished(sharp(source), { model: 'lanczos', sharpen: 1 });
    assert.ok(psnr(one.data, other.data) > 50, `${psnr(one.data, other.data)} dB`);
    const alphaOf = async (options: Partial<UpscaleOptions>) => {
      const { data } = await finished(picture(4), options);
      return data.filter((_, at) => at % 4 === 3);
    };
    assert.deepEqual(await alphaOf({ sharpen: 1 }), await alphaOf({}));
    const grey = picture(3).toColourspace('b-w');
    assert.equal((await finished(grey, { sharpen: 1 })).channels, 1);
  });

  it('sharpening goes into every format, and keeps 16 bits', async () => {
    for (const format of ['jpeg', 'png', 'webp', 'avif', 'tiff'] as const) {
      const { result } = await finished(picture(3), { format, sharpen: 0.5, scale: 3 });
      assert.deepEqual(
        [result.width, result.height, result.steps],
        [210, 150, ['network', 'resize', 'sharpen']],
      );
    }
    const deep = await finished(picture(3).toColourspace('rgb16'), { sharpen: 1 });
    const words = new Uint16Array(deep.data.buffer, deep.data.byteOffset, deep.data.length / 2);
    assert.equal(deep.depth, 'ushort');
    assert.ok(
      words.some((word) => word % 257 !== 0),
      'more than 8 bits',
    );
  });
});
