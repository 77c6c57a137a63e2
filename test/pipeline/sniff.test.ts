import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { TesseraError } from '../../src/domain/errors.js';
import { INPUT_FORMATS } from '../../src/domain/types.js';
import { packageRoot } from '../../src/host/package-root.js';
import { ACCEPTED_FORMATS, SNIFF_BYTES, sniff } from '../../src/pipeline/input/sniff.js';
import { bmp24 } from './bmp-files.js';

const red = sharp({ create: { width: 20, height: 10, channels: 3, background: '#f00' } });

function refusal(head: Buffer): TesseraError {
  try {
    const format = sniff(head);
    assert.fail(`taken for ${format}`);
  } catch (error) {
    assert.ok(error instanceof TesseraError);
    assert.equal(error.code, 'unsupported_image');
    return error;
  }
}

/** An ISO base media header with the given brands. */
function ftyp(major: string, ...compatible: string[]): Buffer {
  const brands = [major, '\0\0\0\0', ...compatible].join('');
  const box = Buffer.alloc(8 + brands.length);
  box.writeUInt32BE(box.length, 0);
  box.write(`ftyp${brands}`, 4, 'latin1');
  return box;
}

describe('sniff', () => {
  it('knows every accepted format by its first bytes', async () => {
    for (const format of ['jpeg', 'png', 'webp', 'tiff', 'avif', 'gif'] as const)
      assert.equal(sniff((await red.clone().toFormat(format).toBuffer()).subarray(0, SNIFF_BYTES)), format);
    assert.equal(sniff(bmp24(3, 2, () => [1, 2, 3])), 'bmp');
  });

  it('knows HEIC by its brands, and pictures of no codec in particular with it', () => {
    for (const head of [ftyp('heic', 'mif1'), ftyp('mif1', 'heic'), ftyp('mif1'), ftyp('hevc')])
      assert.equal(sniff(head), 'heic');
  });

  it('has its list of formats in every place that names them', async () => {
    const names = ACCEPTED_FORMATS.split(/, | and /);
    assert.equal(names.length, INPUT_FORMATS.length);
    for (const place of ['src/web/index.html', 'README.md']) {
      const text = (await readFile(join(packageRoot(), place), 'utf8')).replaceAll(/\s+/g, ' ');
      assert.match(text, new RegExp(ACCEPTED_FORMATS.replace(' and ', ' (and|or) ')), place);
    }
    const page = await readFile(join(packageRoot(), 'src/web/index.html'), 'utf8');
    for (const format of INPUT_FORMATS) assert.ok(page.includes(`image/${format}`), format);
  });

  it('speaks of a format with its article', () => {
    assert.match(refusal(Buffer.from('<svg width="1">')).message, /^This is an SVG file,/);
    assert.match(refusal(Buffer.from('%PDF-1.7')).message, /^This is a PDF file,/);
  });

  it('takes AVIF also where its first brand is a general one', () => {
    assert.equal(sniff(ftyp('mif1', 'avif', 'miaf')), 'avif');
  });

  it('refuses what it recognises by name', () => {
    const named: readonly (readonly [string, Buffer])[] = [
      ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
      ['SVG', Buffer.from('<?xml version="1.0"?>\n<!-- drawn -->\n<svg width="1"/>')],
      ['PDF', Buffer.from('%PDF-1.7\n')],
      ['JPEG XL', Buffer.from([0xff, 0x0a, 0, 0])],
      ['JPEG 2000', Buffer.from([0xff, 0x4f, 0xff, 0x51])],
      ['ICO', Buffer.from([0, 0, 1, 0, 1, 0, 16, 16])],
      ['PSD', Buffer.from('8BPS\0\x01')],
      ['OpenEXR', Buffer.from([0x76, 0x2f, 0x31, 0x01])],
      ['Netpbm', Buffer.from('P6\n2 2\n255\n')],
      ['libvips', Buffer.from([0xb6, 0xa6, 0xf2, 0x08])],
      ['HTML', Buffer.from('<!DOCTYPE html><html>')],
      ['MP4', ftyp('isom', 'mp42')],
      ['ZIP', Buffer.from([0x50, 0x4b, 3, 4])],
      ['QOI', Buffer.from('qoif\0\0')],
    ];
    for (const [name, head] of named) assert.ok(refusal(head).message.includes(`${name}`), name);
  });

  it('says what is accepted of anything else, the empty file included', () => {
    assert.match(refusal(Buffer.alloc(0)).message, /empty/);
    assert.match(refusal(Buffer.from('hello')).message, /JPEG, PNG, WebP, TIFF, BMP, AVIF, GIF and HEIC/);
    assert.match(refusal(Buffer.from('BMW is a car maker, and this is a text')).message, /not an image/);
  });

  it('answers any bytes with a format or a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        try {
          sniff(Buffer.from(bytes));
        } catch (error) {
          assert.ok(error instanceof TesseraError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
