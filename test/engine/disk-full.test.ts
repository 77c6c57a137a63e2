import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { TesseraError } from '../../src/domain/errors.js';
import { diskFullError } from '../../src/host/disk-full.js';

const noDevice = existsSync('/dev/full') ? false : 'there is no /dev/full on this system';

describe('a full disk', () => {
  it("is recognised in the system's own error", { skip: noDevice }, () => {
    const file = openSync('/dev/full', 'w');
    try {
      assert.throws(
        () => writeSync(file, 'x'),
        (thrown) => diskFullError(thrown)?.code === 'disk_full',
      );
    } finally {
      closeSync(file);
    }
  });

  it("is recognised in libvips' error", { skip: noDevice }, async () => {
    const image = sharp({
      create: {
        width: 600,
        height: 600,
        channels: 3,
        background: 'red',
        noise: { type: 'gaussian', mean: 128, sigma: 50 },
      },
    });
    await assert.rejects(
      image.png().toFile('/dev/full'),
      (thrown) => diskFullError(thrown)?.code === 'disk_full',
    );
  });

  it('is not seen in other errors', () => {
    assert.equal(diskFullError(new Error('VipsJpeg: premature end of file')), undefined);
    assert.equal(diskFullError(new TesseraError('corrupt_image', 'no space left on device')), undefined);
    assert.equal(diskFullError('ENOSPC'), undefined);
  });
});
