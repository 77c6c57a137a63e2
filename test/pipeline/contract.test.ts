import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { TesseraError } from '../../src/domain/errors.js';
import type { UpscaleOptions, UpscaleResult } from '../../src/domain/types.js';
import type { LoadedModel } from '../../src/models/onnx/session.js';
import { srgbProfile } from '../../src/pipeline/output/srgb.js';
import { psnr } from '../quality/likeness.js';
import { bmp24 } from './bmp-files.js';
import { GivenChain, networkCandidate, openEmbedded, upscaled } from './stage.js';

const WIDTH = 40;
const HEIGHT = 24;

/** Smooth colours with a hard edge. */
function picture(): Sharp {
  const data = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1) data.set([x * 6, y * 10, x > y ? 220 : 30], (y * WIDTH + x) * 3);
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

interface Output {
  readonly result: UpscaleResult;
  readonly bytes: Buffer;
  readonly metadata: Metadata;
}

describe('the pixel contract', () => {
  let folder = '';
  let int8: LoadedModel;
  let float: LoadedModel;
  let chain: GivenChain;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-contract-'));
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

  async function output(source: Buffer | Sharp, options: Partial<UpscaleOptions> = {}): Promise<Output> {
    const path = join(folder, 'source');
    await writeFile(path, Buffer.isBuffer(source) ? source : await source.png().toBuffer());
    return upscaled(path, options, { chain }, async ({ result, resultPath, left }) => {
      assert.deepEqual(left, [], 'nothing but the result is left');
      const bytes = await readFile(resultPath);
      assert.equal(bytes.length, result.bytes);
      const metadata = await sharp(bytes).metadata();
      assert.deepEqual([metadata.width, metadata.height], [result.width, result.height]);
      return { result, bytes, metadata };
    });
  }

  it('returns exactly round(w * scale) x round(h * scale), by the network and by Lanczos, in every format', async () => {
    for (const model of ['tessera-lite-x4', 'lanczos'])
      for (const format of ['jpeg', 'png', 'webp', 'avif', 'tiff'] as const)
        for (const scale of [4, 2, 3.3, 1.26, 8]) {
          const { result } = await output(picture(), { scale, format, model });
          assert.deepEqual(
            [result.width, result.height, result.format],
            [Math.round(WIDTH * scale), Math.round(HEIGHT * scale), format],
          );
        }
  });

  it('takes the scale of the leading model when none is asked for', async () => {
    const { result } = await output(picture());
    assert.deepEqual(
      [result.scale, result.width, result.model, result.provider],
      [4, 160, int8.entry.name, 'cpu'],
    );
  });

  it('shows the same picture, larger', async () => {
    const expected = await picture()
      .resize(WIDTH * 4, HEIGHT * 4, { kernel: 'cubic' })
      .raw()
      .toBuffer();
    for (const format of ['jpeg', 'png', 'webp', 'avif', 'tiff'] as const) {
      const { bytes } = await output(picture(), { format });
      const actual = await sharp(bytes).removeAlpha().toColourspace('srgb').raw().toBuffer();
      assert.ok(psnr(actual, expected) > 24, `${format}: ${psnr(actual, expected)} dB`);
    }
  });

  it('works from one pixel on', async () => {
    for (const [width, height] of [
      [1, 1],
      [1, 7],
      [300, 1],
      [2, 3],
    ] as const) {
      const source = sharp({ create: { width, height, channels: 3, background: '#c84' } });
      const { result, bytes } = await output(source);
      assert.deepEqual([result.width, result.height], [width * 4, height * 4]);
      const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
      assert.ok(Math.abs((data[0] ?? 0) - 0xcc) < 24 && Math.abs((data[2] ?? 0) - 0x44) < 24);
    }
  });

  it('orientation: applied, and the tag is gone', async () => {
    for (const metadata of ['strip', 'keep'] as const) {
      const turned = picture().withMetadata({ orientation: 6 }).jpeg({ quality: 100 });
      const { result, metadata: tags } = await output(await turned.toBuffer(), { metadata, format: 'jpeg' });
      assert.deepEqual([result.width, result.height], [HEIGHT * 4, WIDTH * 4]);
      assert.ok(tags.orientation === undefined || tags.orientation === 1);
    }
  });

  it('colour: converted to sRGB and tagged with it, in every format', async () => {
    const source = await sharp({
      create: { width: 20, height: 20, channels: 3, background: { r: 180, g: 90, b: 60 } },
    })
      .withIccProfile('p3')
      .png()
      .toBuffer();
    for (const format of ['jpeg', 'png', 'webp', 'avif', 'tiff'] as const) {
      const { bytes, metadata } = await output(source, { format });
      assert.equal(metadata.space, 'srgb');
      assert.deepEqual(metadata.icc, await srgbProfile(), format);
      const colour = await sharp(bytes, { ignoreIcc: true })
        .extract({ left: 40, top: 40, width: 1, height: 1 })
        .raw()
        .toBuffer();
      for (const [index, expected] of [180, 90, 60].entries())
        assert.ok(Math.abs((colour[index] ?? 0) - expected) <= 5, `${format}: ${[...colour]}`);
    }
  });

  it('CMYK: comes back as sRGB', async () => {
    const source = await picture().toColourspace('cmyk').jpeg().toBuffer();
    const { metadata } = await output(source, { format: 'jpeg' });
    assert.deepEqual([metadata.space, metadata.channels], ['srgb', 3]);
  });

  it('alpha of a grey picture: flattened on the background in its colour, grey where that is grey', async () => {
    const source = await sharp({
      create: { width: 24, height: 24, channels: 4, background: { r: 90, g: 90, b: 90, alpha: 0 } },
    })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const onPink = await output(source, { format: 'jpeg', background: [255, 0, 128], quality: 95 });
    const [r = 0, g = 0, b = 0] = await sharp(onPink.bytes).raw().toBuffer();
    assert.ok(r > 245 && g < 10 && Math.abs(b - 128) < 10, `${r}, ${g}, ${b}`);
    const onGrey = await output(source, { format: 'jpeg', background: [40, 40, 40] });
    assert.equal(onGrey.metadata.space, 'b-w');
  });

  it('alpha: kept in PNG, WebP, AVIF and TIFF, flattened on the background for JPEG', async () => {
    const source = await discOnBlack(48).png().toBuffer();
    for (const format of ['png', 'webp', 'avif', 'tiff'] as const) {
      const { bytes, metadata } = await output(source, { format });
      assert.equal(metadata.hasAlpha, true, format);
      const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
      const alphaAt = (x: number, y: number) => data[(y * 192 + x) * 4 + 3] ?? -1;
      assert.ok(alphaAt(2, 2) < 4 && alphaAt(96, 96) > 251, format);
    }
    const { bytes, metadata } = await output(source, { format: 'jpeg', background: [0, 200, 0] });
    assert.equal(metadata.hasAlpha, false);
    const corner = await sharp(bytes).extract({ left: 1, top: 1, width: 1, height: 1 }).raw().toBuffer();
    assert.ok((corner[0] ?? 255) < 8 && Math.abs((corner[1] ?? 0) - 200) < 8);
  });

  it('alpha: no dark or light fringe, whatever colour lies under the transparency', async () => {
    for (const hidden of ['#000', '#fff'])
      for (const scale of [4, 2]) {
        const { bytes, result } = await output(await discOnBlack(48, hidden).png().toBuffer(), { scale });
        const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
        for (let pixel = 0; pixel < result.width * result.height; pixel += 1) {
          const opacity = data[pixel * 4 + 3] ?? 0;
          if (opacity < 16) continue;
          // The disc is one colour: wherever it can be seen, it must be that colour, within what 8 bits can tell of a
          // colour that was multiplied by its opacity for the resize.
          for (const [channel, expected] of [230, 120, 40].entries())
            assert.ok(
              Math.abs((data[pixel * 4 + channel] ?? 0) - expected) <= 12 + 255 / opacity,
              `${[...data.subarray(pixel * 4, pixel * 4 + 4)]} over ${hidden} at scale ${scale}`,
            );
        }
      }
  });

  it('alpha: its edge is where the colour would have its own, and as steep', async () => {
    const { bytes } = await output(await discOnBlack(48).png().toBuffer());
    const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    const row = Array.from({ length: 192 }, (_, x) => data[(96 * 192 + x) * 4 + 3] ?? 0);
    const crossing = row.findIndex((alpha) => alpha >= 128);
    // The disc's radius is 18 of 48 pixels, its middle at 23.5: the left edge is 5.5 pixels in, plus half a pixel.
    assert.ok(Math.abs(crossing - 24) <= 2, `crosses at ${crossing}`);
    const soft = row.slice(0, 96).filter((alpha) => alpha > 25 && alpha < 230).length;
    assert.ok(soft <= 5, `${soft} pixels from clear to opaque`);
  });

  it('grey: one neutral, untagged channel, with alpha two', async () => {
    for (const format of ['jpeg', 'png', 'tiff'] as const)
      for (const scale of [4, 3]) {
        const { metadata } = await output(await picture().toColourspace('b-w').png().toBuffer(), {
          format,
          scale,
        });
        assert.deepEqual([metadata.channels, metadata.space, metadata.icc], [1, 'b-w', undefined], format);
      }
    const translucent = await picture().toColourspace('b-w').ensureAlpha(0.5).png().toBuffer();
    const { metadata } = await output(translucent, { format: 'png' });
    assert.deepEqual([metadata.channels, metadata.space], [2, 'b-w']);
    // WebP and AVIF have no grey: three equal channels.
    const { bytes } = await output(await picture().toColourspace('b-w').png().toBuffer(), { format: 'webp' });
    const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    assert.ok(data.every((value, at) => Math.abs(value - (data[at - (at % 3)] ?? 0)) <= 3));
  });

  it('16 bit: stays so in PNG and TIFF; a ramp over four 8-bit levels has more than 500 values', async () => {
    const ramp = (channels: 1 | 3) =>
      Uint16Array.from(
        { length: 128 * 32 * channels },
        (_, at) => 25_700 + (Math.floor(at / channels) % 128) * ((4 * 257) / 128),
      );
    for (const channels of [1, 3] as const) {
      const source = await sharp(ramp(channels), { raw: { width: 128, height: 32, channels } })
        .toColourspace(channels === 1 ? 'grey16' : 'rgb16')
        .png()
        .toBuffer();
      for (const format of ['png', 'tiff'] as const)
        for (const scale of [4, 5]) {
          const { bytes, metadata } = await output(source, { format, scale });
          assert.deepEqual([metadata.depth, metadata.channels], ['ushort', channels], `${format} x${scale}`);
          const raw = await sharp(bytes, { ignoreIcc: true })
            .toColourspace(channels === 1 ? 'grey16' : 'rgb16')
            .raw({ depth: 'ushort' })
            .toBuffer();
          const samples = new Uint16Array(raw.buffer, raw.byteOffset, raw.length / 2);
          assert.ok(new Set(samples).size > 500, `${format} x${scale}: ${new Set(samples).size} values`);
          const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
          assert.ok(Math.abs(mean - 26_200) < 600, `mean ${mean}`);
        }
      const { metadata } = await output(source, { format: 'jpeg' });
      assert.equal(metadata.depth, 'uchar');
    }
  });

  it('palette and BMP: expanded to colours', async () => {
    const palette = await picture().png({ palette: true, colours: 8 }).toBuffer();
    const bmp = bmp24(WIDTH, HEIGHT, (x, y) => [x * 6, y * 10, 30]);
    for (const source of [palette, bmp]) {
      const { metadata } = await output(source);
      assert.deepEqual([metadata.channels, metadata.isPalette], [3, false]);
    }
  });

  it('animation: the first frame, and the number of dropped ones', async () => {
    const frames = Buffer.concat([10, 120, 240].map((value) => Buffer.alloc(16 * 16 * 3, value)));
    const gif = await sharp(frames, { raw: { width: 16, height: 48, channels: 3, pageHeight: 16 } })
      .gif()
      .toBuffer();
    const { result, bytes } = await output(gif);
    assert.deepEqual([result.droppedPages, result.width, result.height], [2, 64, 64]);
    const { dominant } = await sharp(bytes).stats();
    assert.ok(dominant.r < 32);
  });

  it('metadata: stripped unless asked for; kept in every format that holds it', async () => {
    const source = await picture()
      .withExif({
        IFD0: { Copyright: 'Nobody' },
        IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
      })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rating>5</rating></x:xmpmeta>')
      .jpeg()
      .toBuffer();
    for (const format of ['jpeg', 'png', 'webp', 'avif', 'tiff'] as const)
      for (const scale of [4, 2]) {
        const stripped = await output(source, { format, scale });
        assert.deepEqual([stripped.metadata.exif, stripped.metadata.xmp], [undefined, undefined], format);
        assert.ok(!stripped.bytes.includes('Nobody'));
        const kept = await output(source, { format, scale, metadata: 'keep' });
        assert.ok(kept.metadata.xmp?.includes('rating'), format);
        assert.ok(kept.bytes.includes('Nobody'), format);
        assert.equal(kept.result.notKept, undefined);
      }
  });

  it('auto: PNG for alpha and 16 bits, else what is accepted first of WebP and JPEG, else JPEG', async () => {
    const formatOf = async (
      source: Buffer | Sharp,
      accept: string[],
      changes: Partial<UpscaleOptions> = {},
    ) => (await output(source, { format: 'auto', accept, ...changes })).result.format;
    assert.equal(await formatOf(picture(), []), 'jpeg');
    assert.equal(await formatOf(picture(), ['image/avif', 'image/webp', 'image/jpeg']), 'webp');
    assert.equal(await formatOf(picture(), ['image/jpeg', 'image/webp']), 'jpeg');
    assert.equal(await formatOf(picture(), ['image/png']), 'jpeg');
    assert.equal(await formatOf(discOnBlack(20), ['image/webp']), 'png');
    assert.equal(await formatOf(picture().ensureAlpha(1), []), 'jpeg', 'opaque alpha is none');
    const deep = await picture().toColourspace('rgb16').png().toBuffer();
    assert.equal(await formatOf(deep, ['image/webp']), 'png');
    const long = await sharp({ create: { width: 9000, height: 2, channels: 3, background: '#888' } })
      .png()
      .toBuffer();
    const lanczos = { model: 'lanczos', scale: 8 };
    assert.equal(await formatOf(long, ['image/webp'], lanczos), 'png', 'too long for WebP and JPEG');
  });

  it('refuses what the format cannot hold', async () => {
    const long = await sharp({ create: { width: 9000, height: 2, channels: 3, background: '#888' } })
      .png()
      .toBuffer();
    for (const format of ['jpeg', 'webp', 'avif'] as const)
      await assert.rejects(
        output(long, { format, scale: 8 }),
        (error) => error instanceof TesseraError && error.code === 'output_too_large',
      );
  });
});

/** A disc of one colour over transparent pixels that hide another. */
function discOnBlack(side: number, hidden = '#000'): Sharp {
  const data = Buffer.alloc(side * side * 4);
  const under = hidden === '#000' ? 0 : 255;
  for (let y = 0; y < side; y += 1)
    for (let x = 0; x < side; x += 1) {
      const distance = Math.hypot(x - (side - 1) / 2, y - (side - 1) / 2);
      const alpha = Math.round(255 * Math.min(1, Math.max(0, side * 0.375 - distance + 0.5)));
      data.set(alpha === 0 ? [under, under, under, 0] : [230, 120, 40, alpha], (y * side + x) * 4);
    }
  return sharp(data, { raw: { width: side, height: side, channels: 4 } });
}
