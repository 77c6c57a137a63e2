import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../../src/config/config.js';
import { TesseraError } from '../../src/domain/errors.js';
import { parseOptions, type RawOption } from '../../src/options/parse-options.js';

const MODELS = ['net', 'lanczos'];

function parsed(raw: readonly RawOption[], settings: Record<string, string> = {}) {
  return parseOptions(raw, MODELS, [], loadConfig(settings, '/'));
}

/** The code and the message of the refusal. */
function refusal(raw: readonly RawOption[]): string {
  try {
    parsed(raw);
  } catch (error) {
    if (error instanceof TesseraError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('the options of an upscale', () => {
  it('are the defaults where none is given, or its text is empty', () => {
    const { upscale, dryRun } = parsed([
      ['scale', ''],
      ['quality', ' '],
    ]);
    assert.equal(upscale.scale, undefined);
    assert.equal(upscale.quality, 95);
    assert.equal(upscale.fallback, true);
    assert.equal(dryRun, false);
  });

  it('take their defaults from the settings, which what is given overrides', () => {
    const settings = { DEFAULT_SCALE: '2', DEFAULT_QUALITY: '80', DEFAULT_FORMAT: 'webp' };
    const { upscale } = parsed([['quality', '70']], settings);
    assert.deepEqual([upscale.scale, upscale.quality, upscale.format], [2, 70, 'webp']);
  });

  it('are read whatever the case and the spelling of a choice', () => {
    assert.equal(parsed([['format', 'JPG']]).upscale.format, 'jpeg');
    assert.equal(parsed([['fallback', 'False']]).upscale.fallback, false);
    assert.deepEqual(parsed([['background', 'F80']]).upscale.background, [255, 136, 0]);
    assert.deepEqual(parsed([['background', '#0102ff']]).upscale.background, [1, 2, 255]);
  });

  it('are refused by name, with what is accepted', () => {
    assert.match(
      refusal([['scale', '0.9']]),
      /^invalid_option: .*"scale" is "0.9"; expected a number from 1 to 8/,
    );
    assert.match(refusal([['quality', '9.5']]), /expected a whole number from 1 to 100/);
    assert.match(refusal([['quality', '1e1']]), /expected a whole number from 1 to 100/);
    assert.match(refusal([['model', 'other']]), /expected auto, photo, drawing, fast, best, net, lanczos/);
    assert.match(refusal([['background', '#12345']]), /expected a colour as #rgb or #rrggbb/);
    assert.match(refusal([['colour', 'red']]), /^unknown_option: .*"colour".* scale, width/);
    assert.match(
      refusal([
        ['scale', '2'],
        ['scale', '3'],
      ]),
      /^repeated_option: .*"scale"/,
    );
  });

  it('are repeated in a refusal shortened and without control characters', () => {
    const message = refusal([['scale', `\u001b[2J${'9'.repeat(1000)}`]]);
    assert.ok(message.length < 300, message);
    assert.ok(!message.includes('\u001b'));
  });

  it('keep the overlap at half a tile: a default gives way, a request is refused', () => {
    const settings = { DEFAULT_TILE_OVERLAP: '64' };
    assert.equal(parsed([['tile_size', '64']], settings).upscale.tileOverlapPx, 32);
    assert.match(
      refusal([
        ['tile_size', '64'],
        ['tile_overlap', '33'],
      ]),
      /"tile_overlap" is "33"; expected at most half of tile_size, here 32/,
    );
  });

  it('name a size in place of a scale, in one way', () => {
    const wish = (raw: readonly RawOption[]) => {
      const { size, scale } = parsed(raw, { DEFAULT_SCALE: '2' }).upscale;
      assert.equal(scale, undefined);
      return size;
    };
    assert.deepEqual(wish([['width', '3000']]), {
      kind: 'box',
      width: 3000,
      fit: 'inside',
      position: 'centre',
    });
    assert.deepEqual(
      wish([
        ['width', '30'],
        ['height', '20'],
        ['fit', 'Cover'],
        ['position', 'top'],
      ]),
      { kind: 'box', width: 30, height: 20, fit: 'cover', position: 'top' },
    );
    assert.deepEqual(wish([['max_side', '3840']]), { kind: 'max_side', px: 3840 });
    assert.deepEqual(wish([['megapixels', '12.5']]), { kind: 'megapixels', megapixels: 12.5 });
  });

  it('refuse sizes that contradict each other, and a fit without a box', () => {
    const two = (one: RawOption, other: RawOption) => refusal([one, other]);
    assert.match(two(['scale', '2'], ['width', '9']), /"width" is "9"; expected no "width" beside "scale"/);
    assert.match(two(['height', '9'], ['max_side', '9']), /no "max_side" beside "height"/);
    assert.match(two(['megapixels', '1'], ['max_side', '9']), /no "megapixels" beside "max_side"/);
    assert.match(two(['width', '9'], ['fit', 'fill']), /"fit" is "fill"; expected both "width" and "height"/);
    assert.match(two(['width', '9'], ['position', 'top']), /"position" is "top"; expected "fit=cover"/);
    assert.match(refusal([['width', '0']]), /expected a whole number from 1 to 1000000/);
  });

  it('have no strength and no sharpening where these change nothing, and no network at strength 0', () => {
    const finish = (raw: readonly RawOption[]) => {
      const { strength, sharpen, model } = parsed(raw).upscale;
      return [strength, sharpen, model];
    };
    assert.deepEqual(finish([]), [undefined, undefined, undefined]);
    assert.deepEqual(
      finish([
        ['strength', '1'],
        ['sharpen', '0'],
      ]),
      [undefined, undefined, undefined],
    );
    assert.deepEqual(
      finish([
        ['strength', '0.25'],
        ['sharpen', '1'],
      ]),
      [0.25, 1, undefined],
    );
    assert.deepEqual(
      finish([
        ['strength', '0'],
        ['model', 'net'],
      ]),
      [undefined, undefined, 'lanczos'],
    );
    assert.match(refusal([['strength', '1.1']]), /expected a number from 0 to 1/);
  });
});
