import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { downloadName, safeName, safeStem } from '../../src/domain/download-name.js';
import { parseRange } from '../../src/http/conditional-request.js';
import { attemptsHeader } from '../../src/http/errors/attempts-header.js';
import { imageTypesByPreference } from '../../src/http/upload/accept.js';

test('Accept: image types by preference, without ranges and refusals', () => {
  assert.deepEqual(imageTypesByPreference(undefined), []);
  assert.deepEqual(imageTypesByPreference('*/*, image/*;q=0.9'), []);
  assert.deepEqual(imageTypesByPreference('image/avif,image/webp,image/apng,*/*;q=0.8'), [
    'image/avif',
    'image/webp',
    'image/apng',
  ]);
  assert.deepEqual(
    imageTypesByPreference('text/html, image/jpeg;q=0.2, IMAGE/WebP; q=0.7, image/png;q=0, image/tiff;q=x'),
    ['image/webp', 'image/jpeg'],
  );
  assert.deepEqual(imageTypesByPreference(`image/webp${',a'.repeat(2000)}`), []);
});

test('X-Upscale-Attempts: tokens where the grammar allows them, strings else', () => {
  const attempts = attemptsHeader([
    { model: 'a-x4', outcome: 'skipped', reason: 'not_installed', detail: 'not said here', ms: 0 },
    {
      model: 'a-x4',
      provider: 'cuda',
      tileSizePx: 256,
      outcome: 'failed',
      reason: 'out_of_memory',
      ms: 12.6,
    },
    { model: '4x "mine" ü', provider: 'cpu', outcome: 'served', ms: 3 },
  ]);
  assert.equal(
    attempts,
    'a-x4;outcome=skipped;reason=not_installed;ms=0, ' +
      'a-x4;provider=cuda;tile=256;outcome=failed;reason=out_of_memory;ms=13, ' +
      '"4x \\"mine\\" ?";provider=cpu;outcome=served;ms=3',
  );
  const many = Array.from({ length: 50 }, () => ({ model: 'm', outcome: 'failed' as const, ms: 1 }));
  assert.equal(attemptsHeader(many).split(', ').length, 20);
});

test('names of files: whatever is sent, what is left is a plain name', () => {
  assert.equal(safeName('C:\\photos\\sea side.JPG'), 'sea side.JPG');
  assert.equal(safeName('archive.tar.gz'), 'archive.tar.gz');
  assert.equal(safeStem('archive.tar.gz'), 'archive.tar');
  assert.equal(safeName('....'), undefined);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (sent) => {
      const name = safeName(sent);
      if (name === undefined) return;
      assert.doesNotMatch(name, /[/\\<>:"|?*\p{C}]/u);
      assert.doesNotMatch(name, /^[.\s]/);
      assert.ok(Buffer.byteLength(name) <= 240 + 11);
      assert.equal(safeName(name), name);
    }),
  );
});

test('a long name is cut to what a file system takes, between characters as people see them', () => {
  const chinese = '山'.repeat(80);
  assert.equal(safeName(`${chinese}.jpg`), `${chinese}.jpg`);
  assert.equal(downloadName(safeStem(`${chinese}.jpg`), 2.75, 'webp'), `${chinese}_x2.75.webp`);
  for (const character of ['山', 'é', 'e\u0301', '😀', '🇮🇸', 'a']) {
    const stem = safeStem(`${character.repeat(300)}.jpg`) ?? '';
    assert.equal(stem, character.repeat(stem.length / character.length), character);
    assert.ok(Buffer.byteLength(stem) > 240 - Buffer.byteLength(character));
    assert.ok(Buffer.byteLength(downloadName(stem, 7.99, 'webp')) <= 255);
  }
});

test('Range: within the file whatever is asked for', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.option(fc.nat(2000)), fc.option(fc.nat(2000)), (size, first, last) => {
      const range = parseRange(`bytes=${first ?? ''}-${last ?? ''}`, size);
      if (range === undefined)
        assert.ok((first === null && last === null) || (first !== null && last !== null && last < first));
      else if (range === 'unsatisfiable')
        assert.ok(first === null ? last === 0 || size === 0 : first >= size);
      else {
        assert.ok(range.start >= 0 && range.start <= range.end && range.end < size);
        if (first !== null) assert.equal(range.start, first);
        else assert.equal(range.end, size - 1);
      }
    }),
  );
});
