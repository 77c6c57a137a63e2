import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { TesseraError } from '../../src/domain/errors.js';
import { decode } from '../../src/pipeline/input/decode.js';
import { readHeader } from '../../src/pipeline/input/header.js';
import { correctedExif } from '../../src/pipeline/metadata/exif.js';
import { bmp24, bmpRunLength } from './bmp-files.js';
import { limits } from './stage.js';

const BLAMED = new Set(['unsupported_image', 'corrupt_image', 'image_too_large']);

describe('bad input', () => {
  let folder = '';
  let whole: readonly Buffer[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-bad-'));
    const noise = { type: 'gaussian', mean: 128, sigma: 50 } as const;
    const image = sharp({ create: { width: 40, height: 30, channels: 3, background: '#888', noise } });
    whole = [
      await image.clone().jpeg().toBuffer(),
      await image
        .clone()
        .jpeg({ progressive: true })
        .withExif({ IFD0: { Copyright: 'Nobody' } })
        .toBuffer(),
      await image.clone().png().toBuffer(),
      await image.clone().webp().toBuffer(),
      await image.clone().tiff({ compression: 'deflate' }).toBuffer(),
      await image.clone().gif().toBuffer(),
      await image.clone().avif().toBuffer(),
      bmp24(40, 30, (x, y) => [x, y, 9]),
      bmpRunLength(
        9,
        2,
        8,
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        [9, 1, 0, 0, 9, 0, 0, 1],
      ),
    ];
  });
  after(() => rm(folder, { recursive: true }));

  /** Decodes, or is refused with a reason that blames the file. Small limits keep a forged size from being honoured. */
  async function judged(bytes: Uint8Array): Promise<void> {
    const path = join(folder, 'source');
    await writeFile(path, bytes);
    const small = { ...limits, maxInputPixels: 1e6 };
    try {
      const header = await readHeader(path, small);
      const { colour } = await decode(path, header, { metadata: true, profiles: undefined }, small, 60);
      assert.equal(colour.data.length, colour.width * colour.height * 3);
    } catch (error) {
      assert.ok(error instanceof TesseraError && BLAMED.has(error.code), String(error));
    }
  }

  it('with changed bytes anywhere is decoded or blamed, never an internal error', async () => {
    const change = fc.record({ place: fc.double({ min: 0, max: 1, noNaN: true }), value: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.array(change, { minLength: 1, maxLength: 8 }),
        async (index, changes) => {
          const bytes = Buffer.from(whole[index] ?? []);
          for (const { place, value } of changes) bytes[Math.floor(place * (bytes.length - 1))] = value;
          await judged(bytes);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of random bytes behind the right magic is blamed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.uint8Array({ maxLength: 400 }), async (index, random) => {
        await judged(Buffer.concat([(whole[index] ?? Buffer.alloc(0)).subarray(0, 32), random]));
      }),
      { numRuns: 200 },
    );
  });

  it('EXIF of any bytes is refused or copied, never read past its end, and is no longer', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Exif\0\0II*\0', 'Exif\0\0MM\0*', 'II*\0', ''),
        fc.uint8Array({ maxLength: 80 }),
        (head, rest) => {
          const exif = Buffer.concat([Buffer.from(head, 'latin1'), rest]);
          const before = Buffer.from(exif);
          const corrected = correctedExif(exif, {
            width: 9,
            height: 9,
            resolution: { x: 72, y: 72 },
            srgb: true,
          });
          assert.ok((corrected?.length ?? 0) <= exif.length + 4);
          assert.ok(exif.equals(before), 'what was given stays as it was');
        },
      ),
      { numRuns: 2000 },
    );
  });
});
