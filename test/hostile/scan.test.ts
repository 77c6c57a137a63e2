import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TesseraError } from '../../src/domain/errors.js';
import { SNIFF_BYTES, sniff } from '../../src/pipeline/input/sniff.js';
import { scanStructure } from '../../src/pipeline/scan/scan.js';
import { limits } from '../pipeline/stage.js';
import { ANSWERED, REFUSED } from './inputs/catalogue.js';
import { HONEST } from './inputs/honest.js';
import { manyFrames } from './inputs/webp.js';

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
        () => scanStructure(path, format, limits),
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
        scanStructure(path, format, limits);
      } catch (error) {
        assert.match(TesseraError.from(error).code, /^(unsupported_image|image_too_large)$/);
      }
    });
  }

  /** Made once: some take a second. */
  const made = new Map<string, Buffer>();

  for (const [name, make] of HONEST) {
    it(`lets ${name} pass`, async () => {
      const picture = await make();
      made.set(name, picture);
      await writeFile(path, picture);
      scanStructure(path, sniff(picture.subarray(0, SNIFF_BYTES)), limits);
    });
  }

  it('does not end at a chunk that is too short for what it should say', async () => {
    const many = manyFrames(400_000);
    const short = Buffer.from('VP8L\x02\0\0\0\x2f\0', 'latin1');
    await writeFile(path, Buffer.concat([many.subarray(0, 12), short, many.subarray(12)]));
    assert.throws(() => scanStructure(path, 'webp', limits), /more than 5000 frames/);
  });

  it('calls what is cut off anywhere damaged, or leaves it to the decoder', async () => {
    assert.equal(made.size, HONEST.length);
    for (const whole of made.values()) {
      const format = sniff(whole.subarray(0, SNIFF_BYTES));
      for (const share of [0.01, 0.1, 0.5, 0.9]) {
        await writeFile(path, whole.subarray(0, Math.ceil(whole.length * share)));
        try {
          scanStructure(path, format, limits);
        } catch (error) {
          assert.ok(error instanceof TesseraError && error.code === 'corrupt_image', String(error));
        }
      }
    }
  });
});
