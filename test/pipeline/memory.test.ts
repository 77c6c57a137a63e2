import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TesseraError } from '../../src/domain/errors.js';
import { decoderLacksMemory, memoryError, OutOfMemory } from '../../src/pipeline/raster/out-of-memory.js';

/** What libvips 8.18 and what is under it said in a process with too small an address space. */
const DECODING = [
  'vips_image_write_to_memory: out of memory -- size == 183MB',
  'vips_tracked: out of memory -- size == 0MB\nvips_tracked: out of memory -- size == 2MB',
  'Array buffer allocation failed',
  'std::bad_alloc',
];
const ENCODING = [
  ...DECODING,
  'webpsave: failed to allocate 192000000 bytes',
  'heif: Memory allocation error: Unspecified: Allocating 192000015 bytes failed (6.0)',
];

const noAddressLimit =
  process.platform === 'linux' ? false : 'only Linux holds a process to its address space';

describe('the words for memory that ran out', () => {
  it('are known when an encoder says them', () => {
    for (const text of ENCODING) assert.ok(memoryError(new Error(text)) instanceof OutOfMemory, text);
    const coded = Object.assign(new Error('spawn'), { code: 'ENOMEM' });
    assert.ok(memoryError(coded) instanceof OutOfMemory);
  });

  it('are known when a decoder says them, unless a damaged file may be why', () => {
    for (const text of DECODING) assert.equal(decoderLacksMemory(new Error(text)), true, text);
    for (const text of [
      'tiff2vips: Failed to allocate memory for to read TIFF directory (0 elements of 12 bytes each)',
      'heif: Memory allocation error: Security limit exceeded (6.1000)',
      'VipsJpeg: premature end of JPEG image',
    ])
      assert.equal(decoderLacksMemory(new Error(text)), false, text);
  });

  it('change nothing that is something else', () => {
    for (const error of [new Error('No space left on device'), new TesseraError('cancelled', 'Gone.'), 'x'])
      assert.equal(memoryError(error), error);
  });
});

describe('a process with too little memory', () => {
  it('does not take an image that it cannot hold for a damaged one', {
    skip: noAddressLimit,
  }, async (test) => {
    const folder = await mkdtemp(join(tmpdir(), 'tessera-memory-'));
    test.after(() => rm(folder, { recursive: true }));
    const script = fileURLToPath(new URL('./runners/short-of-memory.js', import.meta.url));
    const command = `ulimit -v 3000000; exec "$0" "$1" "$2"`;
    const { stdout } = await promisify(execFile)('sh', ['-c', command, process.execPath, script, folder]);
    assert.equal(stdout.trim(), 'OutOfMemory');
  });
});
