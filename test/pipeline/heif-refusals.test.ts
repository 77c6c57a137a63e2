import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type ErrorCode, TesseraError } from '../../src/domain/errors.js';
import { box } from '../hostile/inputs/avif-boxes.js';
import { sequenceSamples } from '../hostile/inputs/avif-sequence.js';
import * as hostile from '../hostile/inputs/heic.js';
import {
  alphaOf,
  coded,
  cropped,
  gridFile,
  HEIGHT,
  heicFile,
  heicPath,
  hevc,
  nclx,
  rotated,
  size,
  TILE_HEIGHT,
  TILE_WIDTH,
  WIDTH,
} from './heic-files.js';
import { developed, needsDecoder } from './heic-stage.js';
import { limits } from './stage.js';

async function refusal(file: Buffer, options?: Parameters<typeof developed>[1]): Promise<TesseraError> {
  try {
    await developed(file, options);
  } catch (thrown) {
    return TesseraError.from(thrown);
  }
  throw new Error('It was accepted');
}

async function assertRefused(file: Buffer, code: ErrorCode, words: RegExp, name?: string): Promise<void> {
  const error = await refusal(file);
  assert.equal(error.code, code, `${name ?? words}: ${error.message} ${error.internal}`);
  assert.match(error.message, words);
}

const plain = (...properties: Buffer[]) => hevc(coded('plain'), properties);

describe('a HEIC that is not supported', needsDecoder, () => {
  it('in HDR is refused by name, also where only its pictures say so', async () => {
    await assertRefused(
      heicFile({ items: [plain(nclx(9, 16, 9))] }),
      'unsupported_image',
      /HDR images \(HEIC with the PQ/,
    );
    await assertRefused(
      heicFile({ items: [plain(nclx(9, 18, 9))] }),
      'unsupported_image',
      /HDR images \(HEIC with the HLG/,
    );
    await assertRefused(
      await readFile(heicPath('hdr')),
      'unsupported_image',
      /HDR images \(HEIC with the PQ/,
    );
  });

  it('in colours that are neither sRGB nor Display P3, without a profile, is refused by name', async () => {
    await assertRefused(
      heicFile({ items: [plain(nclx(9, 14, 9))] }),
      'unsupported_image',
      /primaries 9 .* Save the picture again as sRGB or Display P3/,
    );
    await assertRefused(
      heicFile({ items: [plain(nclx(1, 13, 8))] }),
      'unsupported_image',
      /matrix coefficients 8/,
    );
  });

  it('in another codec, or put together in another way, is refused by name', async () => {
    for (const [type, words] of [
      ['av01', /coded in AV1/],
      ['jpeg', /coded in JPEG/],
      ['vvc1', /coded in H\.266/],
      ['iovl', /overlay/],
      ['iden', /identity/],
      ['zzzz', /unknown kind/],
    ] as const)
      await assertRefused(heicFile({ items: [{ ...plain(), type }] }), 'unsupported_image', words);
  });

  it('that cannot be shown without what is unknown here is refused', async () => {
    await assertRefused(heicFile({ items: [plain(box('zzzz'))] }), 'unsupported_image', /property "zzzz"/);
    await assertRefused(
      heicFile({ items: [plain(rotated(1), cropped(32, 32))] }),
      'unsupported_image',
      /cropped after it is turned/,
    );
  });

  it('whose alpha is of another size is refused', async () => {
    const alpha = { ...alphaOf(coded('tile-0')), properties: [size(TILE_WIDTH, TILE_HEIGHT)] };
    const [configuration, , kind] = alphaOf(coded('tile-0')).properties ?? [];
    assert.ok(configuration !== undefined && kind !== undefined);
    const small = { ...alpha, properties: [configuration, size(TILE_WIDTH, TILE_HEIGHT), kind] };
    const references = [{ type: 'auxl', from: 2, to: [1] }];
    await assertRefused(
      heicFile({ items: [plain(), small], references }),
      'unsupported_image',
      /different sizes/,
    );
  });

  it('that is a sequence without a still picture is refused by name', async () => {
    const sequence = sequenceSamples(3, true);
    sequence.write('msf1\0\0\0\0msf1hevcheic', 8, 'latin1');
    await assertRefused(sequence, 'unsupported_image', /image sequence without a still picture/);
  });
});

describe('a damaged HEIC', needsDecoder, () => {
  it('is refused wherever it is cut off', async () => {
    const file = heicFile(gridFile());
    for (let share = 0.05; share < 1; share += 0.05) {
      const error = await refusal(file.subarray(0, Math.floor(file.length * share)));
      assert.match(error.code, /corrupt_image|unsupported_image/, `${share}: ${error.internal}`);
    }
    assert.equal((await refusal(file.subarray(0, file.length - 1))).code, 'corrupt_image');
  });

  it('is refused when its pixels are overwritten', async () => {
    // 0xff ends a slice early: of colours, of RGB and of grey it is noticed in ways of their own.
    for (const name of ['plain', 'rgb', 'black', 'grey', 'black-grey'])
      for (const value of [0, 0xff, 0x5a]) {
        const picture = coded(name);
        const data = Buffer.from(picture.data).fill(value, Math.floor(picture.data.length / 2));
        const file = heicFile({ items: [hevc({ ...picture, data })] });
        await assertRefused(file, 'corrupt_image', /damaged or incomplete/, `${name}, filled with ${value}`);
      }
  });

  it('is refused when a tile is missing', async () => {
    const grid = gridFile();
    const references = [{ type: 'dimg', from: 5, to: [1, 2, 3] }];
    await assertRefused(heicFile({ ...grid, references }), 'corrupt_image', /damaged or incomplete/);
    const unknown = [{ type: 'dimg', from: 5, to: [1, 2, 3, 9] }];
    await assertRefused(heicFile({ ...grid, references: unknown }), 'corrupt_image', /damaged or incomplete/);
    const items = grid.items.map((item, at) => (at === 2 ? { ...item, data: Buffer.alloc(1) } : item));
    await assertRefused(heicFile({ ...grid, items }), 'corrupt_image', /damaged or incomplete/);
  });

  it('is refused when it is not of the size that it says', async () => {
    for (const [width, height] of [
      [WIDTH * 2, HEIGHT],
      [TILE_WIDTH, HEIGHT],
      [WIDTH, HEIGHT + 1],
    ])
      await assertRefused(
        heicFile({ items: [hevc(coded('plain'), [], size(width, height))] }),
        'corrupt_image',
        /damaged or incomplete/,
        `${width} x ${height}`,
      );
  });
});

describe('a hostile HEIC', needsDecoder, () => {
  it('of more pixels than are accepted is refused before anything is decoded', async () => {
    const file = heicFile({ items: [hevc(coded('plain'), [], size(60_000, 60_000))] });
    await assertRefused(file, 'image_too_large', /60000 x 60000/);
  });

  it('of 67 megapixels behind 64 x 64 takes no more memory than those', async () => {
    await assertRefused(hostile.understatedSize(), 'corrupt_image', /damaged/);
  });

  it('of thousands of tiles, of one that contains itself, or of endless parameters is refused', async () => {
    await assertRefused(hostile.repeatedTile(46, 46), 'unsupported_image', /more than 2000 tiles/);
    await assertRefused(hostile.endlessGrid(), 'unsupported_image', /different sizes/);
    await assertRefused(hostile.hugeParameters(400_000), 'unsupported_image', /parameters of HEVC/);
    await assertRefused(hostile.tinyPieces(4_000_000), 'unsupported_image', /more than 5000 pieces/);
  });

  it('is stopped at once when its job is cancelled, or late', async () => {
    const file = heicFile({ items: [hevc(coded('vast'), [], size(8192, 8192))] });
    const roomy = { ...limits, maxInputPixels: 70e6 };
    const cancel = new AbortController();
    const cancelled = refusal(file, { limits: roomy, signal: cancel.signal });
    setTimeout(() => cancel.abort(), 200);
    assert.equal((await cancelled).code, 'cancelled');
    assert.equal((await refusal(file, { limits: roomy, timeoutMs: 200 })).code, 'deadline_exceeded');
  });
});

describe('a HEIC where no decoder is installed', () => {
  it('is refused with how to install it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tessera-heic-'));
    try {
      const [source, withoutDecoder] = [join(folder, 'source'), join(folder, 'without-decoder.cjs')];
      await writeFile(source, Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'));
      await writeFile(
        withoutDecoder,
        `const Module = require('node:module');
         const resolve = Module._resolveFilename;
         Module._resolveFilename = function (name, ...rest) {
           if (name.startsWith('libheif-js')) throw new Error('not here');
           return resolve.call(this, name, ...rest);
         };`,
      );
      const header = new URL('../../src/pipeline/input/header.js', import.meta.url).href;
      const script = `import { readHeader } from ${JSON.stringify(header)};
        await readHeader(${JSON.stringify(source)}, {}).catch((e) => console.log(e.code, e.message));`;
      const { stdout } = await promisify(execFile)(process.execPath, [
        '--require',
        withoutDecoder,
        '--input-type=module',
        '--eval',
        script,
      ]);
      assert.match(stdout, /^unsupported_image .*npm install libheif-js@/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
