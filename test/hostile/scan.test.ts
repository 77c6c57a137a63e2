import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TesseraError } from '../../src/errors.js';
import { scanStructure } from '../../src/pipeline/scan/scan.js';
import type { InputFormat } from '../../src/types.js';
import { ANSWERED, REFUSED } from './inputs/catalogue.js';
import * as honest from './inputs/honest.js';

/** Usual pictures at their natural extremes. */
const HONEST: readonly (readonly [format: InputFormat, name: string, make: () => Promise<Buffer>])[] = [
  ['tiff', 'a book of 1,000 pages', () => honest.tiffBook(1000)],
  ['tiff', 'a pyramid of tiles', () => honest.tiffPyramid(4096)],
  ['jpeg', 'a progressive photo', () => honest.jpegPhoto(3000, 2000)],
  ['jpeg', 'a photo with the metadata of a camera', () => honest.jpegOfCamera(3000, 2000)],
  ['png', 'a picture with a profile, XMP and texts', () => honest.pngWithTexts(512, 20)],
  ['png', 'an interlaced picture', () => honest.pngInterlaced(512)],
  ['gif', 'an animation of 500 frames', () => honest.animation('gif', 500)],
  ['webp', 'an animation of 500 frames', () => honest.animation('webp', 500)],
  ['avif', 'a photo', () => honest.avifPhoto(1024, 768)],
  ['webp', 'a photo', () => honest.webpPhoto(1024, 768)],
];

describe('scanStructure', () => {
  let folder = '';
  let path = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-scan-'));
    path = join(folder, 'source');
  });
  after(() => rm(folder, { recursive: true }));

  for (const { format, name, make } of REFUSED) {
    it(`refuses a ${format.toUpperCase()}: ${name}`, async () => {
      await writeFile(path, make());
      assert.throws(
        () => scanStructure(path, format),
        (error) =>
          error instanceof TesseraError &&
          error.code === 'unsupported_image' &&
          /no usual image/.test(error.message),
      );
    });
  }

  for (const { format, name, make } of ANSWERED) {
    it(`comes to an end over a ${format.toUpperCase()}: ${name}`, async () => {
      await writeFile(path, make());
      try {
        scanStructure(path, format);
      } catch (error) {
        assert.equal(TesseraError.from(error).code, 'unsupported_image');
      }
    });
  }

  for (const [format, name, make] of HONEST) {
    it(`lets a usual ${format.toUpperCase()} pass: ${name}`, async () => {
      await writeFile(path, await make());
      scanStructure(path, format);
    });
  }

  it('leaves what is cut off anywhere to the decoder', async () => {
    for (const [format, , make] of HONEST.slice(2)) {
      const whole = await make();
      for (const share of [0.01, 0.1, 0.5, 0.9]) {
        await writeFile(path, whole.subarray(0, Math.ceil(whole.length * share)));
        scanStructure(path, format);
      }
    }
  });
});
