import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import { TesseraError } from '../../src/domain/errors.js';
import { type DecodedImage, decode } from '../../src/pipeline/input/decode.js';
import { readHeader } from '../../src/pipeline/input/header.js';
import { bmp24, bmpPalette } from './bmp-files.js';
import { limits } from './stage.js';

const WIDTH = 48;
const HEIGHT = 32;

/** A picture whose corners differ, so that every orientation looks different. */
function picture(): Sharp {
  const data = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1)
      data.set([x * 5, y * 7, x < 24 === y < 16 ? 200 : 40], (y * WIDTH + x) * 3);
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

function worst(one: ArrayLike<number>, other: ArrayLike<number>): number {
  assert.equal(one.length, other.length);
  return Math.max(...Array.from(one, (value, at) => Math.abs(value - (other[at] ?? 0))));
}

describe('decode', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-decode-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function decoded(bytes: Buffer, metadata = false): Promise<DecodedImage> {
    const path = join(folder, 'source');
    await writeFile(path, bytes);
    return decode(path, await readHeader(path, limits), { metadata, profiles: undefined }, limits, 60);
  }
  const rgb = () => picture().raw().toBuffer();

  it('gives RGB of every opaque format, without an alpha plane', async () => {
    const expected = await rgb();
    for (const bytes of [
      await picture().png().toBuffer(),
      await picture().tiff({ compression: 'lzw' }).toBuffer(),
      await picture().webp({ lossless: true }).toBuffer(),
      await picture().ensureAlpha(1).png().toBuffer(),
      bmp24(WIDTH, HEIGHT, (x, y) => [x * 5, y * 7, x < 24 === y < 16 ? 200 : 40]),
    ]) {
      const image = await decoded(bytes);
      assert.deepEqual(Buffer.from(image.colour.data), expected);
      assert.deepEqual([image.alpha, image.grey, image.sixteenBit], [undefined, false, false]);
    }
    for (const bytes of [
      await picture().jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer(),
      await picture().avif({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer(),
    ])
      assert.ok(worst((await decoded(bytes)).colour.data, expected) <= 8);
  });

  it('applies all eight orientations', async () => {
    const shown = await rgb();
    // Where the pixel at (x, y) of the file is shown, by the EXIF standard.
    const shownAt: readonly ((x: number, y: number) => readonly [number, number])[] = [
      (x, y) => [x, y],
      (x, y) => [WIDTH - 1 - x, y],
      (x, y) => [WIDTH - 1 - x, HEIGHT - 1 - y],
      (x, y) => [x, HEIGHT - 1 - y],
      (x, y) => [y, x],
      (x, y) => [WIDTH - 1 - y, x],
      (x, y) => [WIDTH - 1 - y, HEIGHT - 1 - x],
      (x, y) => [y, HEIGHT - 1 - x],
    ];
    for (let orientation = 1; orientation <= 8; orientation += 1) {
      const turned = orientation > 4;
      const [width, height] = turned ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
      const stored = Buffer.alloc(WIDTH * HEIGHT * 3);
      for (let y = 0; y < height; y += 1)
        for (let x = 0; x < width; x += 1) {
          const [shownX, shownY] = shownAt[orientation - 1]?.(x, y) ?? [0, 0];
          const from = (shownY * WIDTH + shownX) * 3;
          stored.set(shown.subarray(from, from + 3), (y * width + x) * 3);
        }
      const file = await sharp(stored, { raw: { width, height, channels: 3 } })
        .withMetadata({ orientation })
        .png()
        .toBuffer();
      const image = await decoded(file);
      assert.deepEqual(
        [image.colour.width, image.colour.height],
        [WIDTH, HEIGHT],
        `orientation ${orientation}`,
      );
      assert.ok(shown.equals(Buffer.from(image.colour.data)), `orientation ${orientation}`);
    }
  });

  it('converts an embedded Display P3 profile to sRGB, in 8 and in 16 bits', async () => {
    for (const space of ['srgb', 'rgb16'] as const) {
      // sRGB (180, 90, 60) written as the P3 numbers of the same colour.
      const file = await sharp({
        create: { width: 8, height: 8, channels: 3, background: { r: 180, g: 90, b: 60 } },
      })
        .toColourspace(space)
        .withIccProfile('p3')
        .png()
        .toBuffer();
      const stored = await sharp(file, { ignoreIcc: true }).toColourspace('srgb').raw().toBuffer();
      const image = await decoded(file);
      const unit = image.sixteenBit ? 257 : 1;
      const colour = [...image.colour.data.subarray(0, 3)].map((value) => value / unit);
      if (space === 'srgb')
        assert.ok(
          worst(stored.subarray(0, 3), Buffer.from([180, 90, 60])) > 4,
          'the file holds other numbers',
        );
      for (const [index, expected] of [180, 90, 60].entries())
        assert.ok(Math.abs((colour[index] ?? 0) - expected) <= 2, `${space}: ${colour}`);
    }
  });

  it('leaves 16-bit colours without a profile alone', async () => {
    const values = [50_000, 20_000, 9_000];
    const data = Uint16Array.from({ length: 8 * 8 * 3 }, (_, at) => values[at % 3] ?? 0);
    const file = await sharp(data, { raw: { width: 8, height: 8, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    const image = await decoded(file);
    assert.ok(image.colour.data instanceof Uint16Array);
    assert.deepEqual([...image.colour.data.subarray(0, 3)], values);
  });

  it('converts CMYK', async () => {
    const file = await picture()
      .toColourspace('cmyk')
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    assert.equal((await sharp(file).metadata()).space, 'cmyk');
    const image = await decoded(file);
    assert.equal(image.colour.channels, 3);
    const meanOf = (samples: ArrayLike<number>) =>
      Array.from(samples).reduce((sum, value) => sum + value, 0) / samples.length;
    assert.ok(Math.abs(meanOf(image.colour.data) - meanOf(await rgb())) < 12, 'about as bright');
  });

  it('takes alpha apart, and leaves it out where all is opaque', async () => {
    const data = Buffer.alloc(4 * 4 * 4);
    for (let at = 0; at < 16; at += 1) data.set([at, 100, 200, at * 17], at * 4);
    const file = await sharp(data, { raw: { width: 4, height: 4, channels: 4 } })
      .png()
      .toBuffer();
    const image = await decoded(file);
    assert.deepEqual(
      [...(image.alpha?.data ?? [])],
      Array.from({ length: 16 }, (_, at) => at * 17),
    );
    assert.deepEqual([...image.colour.data.subarray(3, 6)], [1, 100, 200]);
  });

  it('keeps grey apart from colour, in 8 and 16 bits, with alpha too', async () => {
    const grey = picture().toColourspace('b-w');
    for (const bytes of [await grey.clone().png().toBuffer(), await grey.clone().jpeg().toBuffer()]) {
      const image = await decoded(bytes);
      assert.equal(image.grey, true);
      assert.equal(image.colour.channels, 3);
      assert.ok(
        image.colour.data.every((value, at, all) => value === all[at - (at % 3)]),
        'neutral',
      );
    }
    const ramp = Uint16Array.from({ length: 64 }, (_, at) => at * 1000);
    const deep = await decoded(
      await sharp(ramp, { raw: { width: 8, height: 8, channels: 1 } })
        .toColourspace('grey16')
        .png()
        .toBuffer(),
    );
    assert.deepEqual([deep.grey, deep.sixteenBit], [true, true]);
    assert.deepEqual(
      [...deep.colour.data].filter((_, at) => at % 3 === 0),
      [...ramp],
    );
    const translucent = await decoded(await grey.clone().ensureAlpha(0.5).png().toBuffer());
    assert.equal(translucent.grey, true);
    assert.ok(translucent.alpha?.data.every((value) => value === 127 || value === 128));
  });

  it('expands palettes and single bits', async () => {
    const palette = await decoded(await picture().png({ palette: true, colours: 16 }).toBuffer());
    assert.equal(palette.colour.channels, 3);
    const oneBit = await sharp({ create: { width: 16, height: 16, channels: 3, background: '#fff' } })
      .composite([
        { input: { create: { width: 8, height: 16, channels: 3, background: '#000' } }, left: 0, top: 0 },
      ])
      .toColourspace('b-w')
      .png({ palette: true, colours: 2 })
      .toBuffer();
    for (const bytes of [
      oneBit,
      bmpPalette(
        16,
        16,
        1,
        [
          [0, 0, 0],
          [255, 255, 255],
        ],
        (x) => (x < 8 ? 0 : 1),
      ),
    ]) {
      const { data } = (await decoded(bytes)).colour;
      assert.deepEqual([data[0], data[15 * 3]], [0, 255]);
    }
  });

  it('takes the first frame of an animation and the first page of a TIFF', async () => {
    const frames = Buffer.concat([10, 120, 240].map((value) => Buffer.alloc(8 * 8 * 3, value)));
    const strip = () => sharp(frames, { raw: { width: 8, height: 24, channels: 3, pageHeight: 8 } });
    for (const bytes of [
      await strip().gif().toBuffer(),
      await strip().webp({ lossless: true }).toBuffer(),
      await strip().tiff({ compression: 'deflate' }).toBuffer(),
    ]) {
      const { width, height, data } = (await decoded(bytes)).colour;
      assert.deepEqual([width, height], [8, 8]);
      assert.ok(data.every((value) => Math.abs(value - 10) <= 1));
    }
  });

  it('returns EXIF and XMP as the source has them, only when asked', async () => {
    const file = await picture()
      .withExif({ IFD0: { Copyright: 'Nobody' }, IFD3: { GPSLatitudeRef: 'N' } })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rating>5</rating></x:xmpmeta>')
      .withMetadata({ orientation: 3 })
      .jpeg()
      .toBuffer();
    const stripped = (await decoded(file)).metadata;
    assert.deepEqual([stripped.exif, stripped.xmp], [undefined, undefined]);
    const { exif, xmp } = (await decoded(file, true)).metadata;
    assert.ok(exif?.includes('Nobody'));
    assert.ok(xmp?.includes('rating'));
  });

  it('calls truncated files corrupt, at every tenth of their length', async () => {
    const noise = sharp({
      create: {
        width: 120,
        height: 90,
        channels: 3,
        background: '#888',
        noise: { type: 'gaussian', mean: 128, sigma: 50 },
      },
    });
    const whole: readonly Buffer[] = [
      await noise.clone().jpeg().toBuffer(),
      await noise.clone().png().toBuffer(),
      await noise.clone().webp().toBuffer(),
      await noise.clone().tiff({ compression: 'deflate' }).toBuffer(),
      await noise.clone().gif().toBuffer(),
      await noise.clone().avif().toBuffer(),
      bmp24(120, 90, (x, y) => [x, y, 9]),
    ];
    for (const bytes of whole)
      for (let tenth = 1; tenth < 10; tenth += 1)
        await assert.rejects(
          decoded(bytes.subarray(0, Math.floor((bytes.length * tenth) / 10))),
          (error) =>
            error instanceof TesseraError &&
            (error.code === 'corrupt_image' || error.code === 'unsupported_image'),
          `${bytes.toString('latin1', 0, 12)} at ${tenth} tenths`,
        );
  });
});
