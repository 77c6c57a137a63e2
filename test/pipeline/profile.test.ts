import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { OUTPUT_FORMATS, type UpscaleOptions, type UpscaleResult } from '../../src/domain/types.js';
import type { LoadedModel } from '../../src/models/onnx/session.js';
import { srgbProfile } from '../../src/pipeline/output/srgb.js';
import { withChunk } from './exif-files.js';
import { displayP3, linearGrey } from './profiles.js';
import { GivenChain, networkCandidate, openEmbedded, upscaled } from './stage.js';

const SIDE = 24;

type Colour = readonly [number, number, number];

/** Samples of Display P3 that name colours which sRGB does not have. */
const SATURATED: readonly Colour[] = [
  [250, 20, 30],
  [10, 250, 20],
  [255, 160, 0],
];

/** One colour; the lower half of it with this opacity. */
function flat([r, g, b]: Colour, opacity = 255): Sharp {
  const pixels = Buffer.alloc(SIDE * SIDE * 4);
  for (let at = 0; at < pixels.length; at += 4)
    pixels.set([r, g, b, at < pixels.length / 2 ? 255 : opacity], at);
  const image = sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 4 } });
  return opacity === 255 ? image.removeAlpha() : image;
}

/** These samples with this profile: sharp would convert them. */
async function tagged(image: Sharp, icc: Buffer): Promise<Buffer> {
  const chunk = Buffer.concat([Buffer.from('profile\0\0', 'latin1'), deflateSync(icc)]);
  return withChunk(await image.png().toBuffer(), 'iCCP', chunk);
}

/** Samples of a pixel in the middle of the upper half, as they are stored; those of 16 bits as parts of 255. */
async function stored(bytes: Buffer): Promise<number[]> {
  const { width, height, depth } = await sharp(bytes).metadata();
  const area = { left: width >> 1, top: height >> 2, width: 1, height: 1 };
  const image = sharp(bytes, { ignoreIcc: true }).extract(area);
  if (depth !== 'ushort') return [...(await image.raw().toBuffer())];
  const pixel = await image.toColourspace('rgb16').raw({ depth: 'ushort' }).toBuffer();
  return Array.from({ length: pixel.length / 2 }, (_, at) => pixel.readUInt16LE(at * 2) / 257);
}

function near(actual: readonly number[], expected: readonly number[], most: number, what: string): void {
  assert.ok(
    expected.every((value, at) => Math.abs((actual[at] ?? -99) - value) <= most),
    `${what}: ${actual} is not ${expected}`,
  );
}

describe('the profile of a picture', () => {
  let folder = '';
  let int8: LoadedModel;
  let float: LoadedModel;
  let p3: Buffer;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-profile-'));
    int8 = await openEmbedded('int8');
    float = await openEmbedded('float');
    p3 = await displayP3();
  });
  after(async () => {
    await int8.release();
    await float.release();
    await rm(folder, { recursive: true });
  });

  async function output(
    source: Buffer,
    options: Partial<UpscaleOptions>,
  ): Promise<{ result: UpscaleResult; bytes: Buffer; icc: Buffer | undefined }> {
    const path = join(folder, 'source');
    await writeFile(path, source);
    const chain = new GivenChain(({ model, sixteenBit }) =>
      model === 'lanczos' ? [{ kind: 'lanczos' }] : [networkCandidate(sixteenBit ? float : int8)],
    );
    return upscaled(path, options, { chain }, async ({ result, resultPath, left }) => {
      assert.deepEqual(left, [], 'nothing but the result is left');
      const bytes = await readFile(resultPath);
      return { result, bytes, icc: (await sharp(bytes).metadata()).icc };
    });
  }

  it('is kept when asked for, in every format, with colours that sRGB does not have', async () => {
    for (const colour of SATURATED) {
      const source = await tagged(flat(colour), p3);
      for (const format of OUTPUT_FORMATS)
        for (const scale of [4, 2]) {
          const what = `${format} x${scale}`;
          const { result, bytes, icc } = await output(source, {
            format,
            scale,
            profile: 'keep',
            model: 'lanczos',
          });
          assert.ok(icc?.equals(p3), what);
          near(await stored(bytes), colour, 2, what);
          assert.equal(result.notKept, undefined, what);
          const byNetwork = await output(source, { format, scale, profile: 'keep' });
          assert.ok(byNetwork.icc?.equals(p3), what);
          // As near as the network keeps any flat colour.
          near(await stored(byNetwork.bytes), colour, 3, `${what} by the network`);
        }
    }
  });

  it('is sRGB otherwise, colours beyond it being the nearest there are', async () => {
    const [colour] = SATURATED;
    const source = await tagged(flat(colour ?? [0, 0, 0]), p3);
    for (const format of OUTPUT_FORMATS) {
      const { bytes, icc } = await output(source, { format, model: 'lanczos' });
      assert.deepEqual(icc, await srgbProfile(), format);
      near(await stored(bytes), [255, 0, 0], 3, format);
    }
  });

  it('is kept with 16 bits', async () => {
    const [colour = [0, 0, 0] as const] = SATURATED;
    const source = await tagged(flat(colour).toColourspace('rgb16'), p3);
    for (const format of OUTPUT_FORMATS) {
      const { bytes, icc } = await output(source, { format, profile: 'keep', model: 'lanczos' });
      assert.ok(icc?.equals(p3), format);
      near(await stored(bytes), colour, 2, format);
    }
  });

  it('has the background in its own colours', async () => {
    const source = await tagged(flat([250, 20, 30], 0), p3);
    const { bytes, icc } = await output(source, {
      format: 'jpeg',
      profile: 'keep',
      background: [200, 40, 128],
      model: 'lanczos',
    });
    assert.ok(icc?.equals(p3));
    // As a reader that knows the profile sees it, where all is transparent.
    const { data, info } = await sharp(bytes)
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    near([...data.subarray(data.length - info.channels * 9)], [200, 40, 128], 3, 'background');
  });

  it('of grey is kept where a format is grey, and told where it is not', async () => {
    const linear = linearGrey();
    const source = await tagged(flat([100, 100, 100]).toColourspace('b-w'), linear);
    for (const format of ['jpeg', 'png', 'tiff'] as const)
      for (const scale of [4, 2]) {
        const { result, bytes, icc } = await output(source, {
          format,
          scale,
          profile: 'keep',
          model: 'lanczos',
        });
        assert.ok(icc?.equals(linear), format);
        assert.equal((await sharp(bytes).metadata()).channels, 1);
        near(await stored(bytes), [100], 1, format);
        assert.equal(result.notKept, undefined);
      }
    for (const options of [
      { format: 'webp' },
      { format: 'avif' },
      { format: 'auto', accept: ['image/WebP'] },
    ] as const) {
      const { result, bytes } = await output(source, { ...options, profile: 'keep', model: 'lanczos' });
      assert.deepEqual(result.notKept, ['profile'], options.format);
      // Linear 100 of 255 is 168 in sRGB.
      near(await stored(bytes), [168], 3, options.format);
    }
  });

  it('of CMYK, and one that is none, is not kept, and that is told', async () => {
    const cmyk = await flat([180, 90, 60]).toColourspace('cmyk').withIccProfile('cmyk').jpeg().toBuffer();
    const nonsense = await tagged(flat([180, 90, 60]), Buffer.alloc(500, 7));
    for (const source of [cmyk, nonsense]) {
      const given = (await sharp(source).metadata()).icc;
      const { result, icc } = await output(source, { format: 'jpeg', profile: 'keep', model: 'lanczos' });
      assert.deepEqual(icc, await srgbProfile());
      assert.deepEqual(result.notKept, given === undefined ? undefined : ['profile']);
    }
  });

  it('that a picture has not is not missed', async () => {
    const { result, icc } = await output(await flat([180, 90, 60]).png().toBuffer(), {
      profile: 'keep',
      model: 'lanczos',
    });
    assert.deepEqual(icc, await srgbProfile());
    assert.equal(result.notKept, undefined);
  });
});
