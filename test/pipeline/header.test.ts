import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { type ErrorCode, TesseraError } from '../../src/domain/errors.js';
import type { UpscaleOptions } from '../../src/domain/types.js';
import { readHeader } from '../../src/pipeline/input/header.js';
import { restrictLoaders } from '../../src/pipeline/input/loaders.js';
import { checkOutputSize } from '../../src/pipeline/limits.js';
import { bmp24, bmp32 } from './bmp-files.js';
import { limits } from './stage.js';

describe('readHeader', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-header-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function file(bytes: Buffer): Promise<string> {
    const path = join(folder, 'source');
    await writeFile(path, bytes);
    return path;
  }
  const refused = (code: ErrorCode, text?: RegExp) => (error: unknown) =>
    error instanceof TesseraError && error.code === code && (text === undefined || text.test(error.message));

  it('tells size, alpha, depth and pages of each format', async () => {
    const rgba = sharp({ create: { width: 31, height: 17, channels: 4, background: '#f008' } });
    for (const format of ['jpeg', 'png', 'webp', 'tiff', 'avif', 'gif'] as const) {
      // sharp's default for TIFF is JPEG inside, which drops alpha.
      const options = format === 'tiff' ? ({ compression: 'deflate' } as const) : {};
      const header = await readHeader(
        await file(await rgba.clone().toFormat(format, options).toBuffer()),
        limits,
      );
      const hasAlpha = format !== 'jpeg';
      assert.deepEqual(header, { format, width: 31, height: 17, hasAlpha, sixteenBit: false, pages: 1 });
    }
    const plain = await readHeader(await file(bmp24(31, 17, () => [1, 2, 3])), limits);
    assert.deepEqual(plain, {
      format: 'bmp',
      width: 31,
      height: 17,
      hasAlpha: false,
      sixteenBit: false,
      pages: 1,
    });
    const masked = bmp32(3, 2, () => 0, [0xff0000, 0xff00, 0xff, 0xff000000]);
    assert.equal((await readHeader(await file(masked), limits)).hasAlpha, true);
  });

  it('gives the size as shown, orientation applied', async () => {
    const turned = await sharp({ create: { width: 40, height: 20, channels: 3, background: '#123' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const { width, height } = await readHeader(await file(turned), limits);
    assert.deepEqual([width, height], [20, 40]);
  });

  it('tells 16 bits and the number of frames', async () => {
    const deep = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#123' } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    assert.equal((await readHeader(await file(deep), limits)).sixteenBit, true);
    const frames = Buffer.concat([0, 90, 180].map((value) => Buffer.alloc(8 * 8 * 3, value)));
    const gif = await sharp(frames, { raw: { width: 8, height: 24, channels: 3, pageHeight: 8 } })
      .gif()
      .toBuffer();
    const header = await readHeader(await file(gif), limits);
    assert.deepEqual([header.pages, header.width, header.height], [3, 8, 8]);
  });

  it('refuses more pixels than allowed, with the allowed number, from the header alone', async () => {
    const chunk = Buffer.alloc(25);
    chunk.writeUInt32BE(13, 0);
    chunk.write('IHDR', 4);
    chunk.writeUInt32BE(60_000, 8);
    chunk.writeUInt32BE(50_000, 12);
    chunk.set([8, 2, 0, 0, 0], 16);
    chunk.writeUInt32BE(checksum(chunk.subarray(4, 21)), 21);
    const bomb = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa]), chunk, idat()]);
    await assert.rejects(
      readHeader(await file(bomb), limits),
      refused('image_too_large', /at most 50 megapixels/),
    );
    const wide = bmp24(1, 1, () => [0, 0, 0]);
    wide.writeInt32LE(100_000, 18);
    wide.writeInt32LE(100_000, 22);
    await assert.rejects(readHeader(await file(wide), limits), refused('image_too_large'));
  });

  it('calls a damaged header corrupt, and nothing else', async () => {
    const png = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#123' } })
      .png()
      .toBuffer();
    await assert.rejects(readHeader(await file(png.subarray(0, 20)), limits), refused('corrupt_image'));
    await assert.rejects(readHeader(await file(Buffer.alloc(0)), limits), refused('unsupported_image'));
  });
});

/** CRC-32 as PNG wants it; `zlib.crc32` exists from Node 20.15 on. */
function checksum(bytes: Buffer): number {
  return crc32(bytes);
}

function idat(): Buffer {
  const chunk = Buffer.alloc(12);
  chunk.write('IDAT', 4);
  chunk.writeUInt32BE(checksum(chunk.subarray(4, 8)), 8);
  return chunk;
}

describe('checkOutputSize', () => {
  const refuses = (width: number, height: number, format: UpscaleOptions['format']) => {
    try {
      checkOutputSize({ width, height }, { format }, limits);
    } catch (error) {
      return error instanceof TesseraError && error.code === 'output_too_large'
        ? error.message
        : String(error);
    }
    return undefined;
  };

  it('knows the longest side of each format', () => {
    for (const [format, side] of [
      ['jpeg', 65_500],
      ['webp', 16_383],
      ['avif', 16_384],
    ] as const) {
      assert.equal(refuses(side, 10, format), undefined);
      assert.match(refuses(10, side + 1, format) ?? '', new RegExp(`up to ${side} pixels a side`));
    }
    assert.equal(refuses(80_000, 40, 'png'), undefined);
    assert.equal(refuses(80_000, 40, 'auto'), undefined);
  });

  it('knows the cap on pixels, and AVIF its own', () => {
    assert.equal(refuses(20_000, 20_000, 'png'), undefined);
    assert.match(refuses(20_000, 20_001, 'png') ?? '', /up to 400 megapixels/);
    assert.match(refuses(4001, 4000, 'avif') ?? '', /up to 16 megapixels in AVIF/);
  });
});

describe('restrictLoaders', () => {
  it('leaves sharp the accepted formats and blocks the others it was built with', async () => {
    restrictLoaders(1);
    await assert.rejects(
      sharp(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')).metadata(),
    );
    const image = sharp({ create: { width: 9, height: 9, channels: 3, background: '#123' } });
    for (const format of ['jpeg', 'png', 'webp', 'tiff', 'avif', 'gif'] as const)
      assert.equal((await sharp(await image.clone().toFormat(format).toBuffer()).metadata()).width, 9);
  });
});
