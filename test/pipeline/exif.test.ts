import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { correctedExif } from '../../src/pipeline/metadata/exif.js';
import { ascii, exifOf, LONG, long, rational, SHORT, short, type Tag, tagsOf } from './exif-files.js';

const corrections = { width: 4000, height: 70_000, resolution: undefined, srgb: true };

/** Ways in which the orientation is written, right and wrong. */
const ORIENTATIONS: Readonly<Record<string, Tag>> = {
  'a SHORT, as it should be': short(0x112, 6),
  'a LONG': long(0x112, 6),
  'a BYTE': { tag: 0x112, type: 1, values: [6] },
  'two SHORTs': short(0x112, 6, 6),
  'four SHORTs elsewhere': short(0x112, 6, 6, 6, 6),
  'no value at all': { tag: 0x112, type: SHORT, count: 0, values: [6] },
  'more values than there are bytes': { tag: 0x112, type: LONG, count: 0x7fffffff, values: [6, 6] },
  'a type that does not exist': { tag: 0x112, type: 99, values: [6] },
};

const MAKER = ascii(0x10f, 'Acme Cameras');
const ARTIST = ascii(0x13b, 'Somebody');
const PHOTO = [rational(0x829a, 1, 50), short(0xa002, 1000), long(0xa003, 500), short(0xa001, 65_535)];
const GPS = [ascii(1, 'N'), rational(2, 47, 1, 30, 1, 0, 1)];

describe('EXIF of a result', () => {
  for (const order of ['II', 'MM'] as const)
    for (const links of [true, false])
      it(`has no orientation, in whatever form it was written: ${order}, ${links ? 'with' : 'without'} links`, () => {
        for (const [form, orientation] of Object.entries(ORIENTATIONS))
          for (const image of [
            [orientation],
            [MAKER, orientation],
            [orientation, ARTIST],
            [MAKER, orientation, ARTIST],
          ]) {
            const exif = exifOf({ order, image, photo: [...PHOTO, orientation], gps: GPS, links });
            const corrected = correctedExif(exif, corrections);
            assert.ok(corrected !== undefined, form);
            const tags = tagsOf(corrected);
            assert.deepEqual(
              [...tags.keys()].filter((key) => key.endsWith('.112')),
              [],
              form,
            );
            assert.equal(tags.get('image.10f'), image.includes(MAKER) ? 'Acme Cameras' : undefined, form);
            assert.equal(tags.get('image.13b'), image.includes(ARTIST) ? 'Somebody' : undefined, form);
            assert.deepEqual(tags.get('photo.829a'), [1, 50], form);
            assert.deepEqual(tags.get('gps.2'), [47, 1, 30, 1, 0, 1], form);
          }
      });

  it('is none where the orientation was all there was', () => {
    for (const order of ['II', 'MM'] as const)
      for (const links of [true, false])
        assert.equal(
          correctedExif(exifOf({ order, image: [short(0x112, 6)], links }), corrections)?.length,
          0,
        );
  });

  it('tells the new size and colours, where the old ones were told', () => {
    const exif = exifOf({ order: 'MM', image: [short(0x100, 1000), short(0x101, 500), MAKER], photo: PHOTO });
    const tags = tagsOf(correctedExif(exif, corrections) ?? Buffer.alloc(0));
    assert.deepEqual([tags.get('image.100'), tags.get('image.101')], [[4000], [70_000]]);
    assert.deepEqual([tags.get('photo.a002'), tags.get('photo.a003')], [[4000], [70_000]]);
    assert.deepEqual(tags.get('photo.a001'), [1]);
    const kept = tagsOf(correctedExif(exif, { ...corrections, srgb: false }) ?? Buffer.alloc(0));
    assert.deepEqual(kept.get('photo.a001'), [65_535], 'the profile was kept');
  });

  it('has no thumbnail, nor its bytes, wherever a thumbnail was told of', () => {
    const bytes = Buffer.from('a small picture on its side'.repeat(40));
    for (const order of ['II', 'MM'] as const) {
      const thumbnail = { bytes, tags: [short(0x103, 6), short(0x112, 6), rational(0x11a, 72, 1)] };
      const exif = exifOf({ order, image: [MAKER, short(0x112, 6)], photo: PHOTO, thumbnail });
      const corrected = correctedExif(exif, corrections) ?? Buffer.alloc(0);
      assert.ok(!corrected.includes('small picture'));
      assert.ok(corrected.length < exif.length - bytes.length, 'it is shorter by them');
      const tags = tagsOf(corrected);
      assert.deepEqual(
        [...tags.keys()].filter((key) => key.startsWith('thumbnail')),
        [],
      );
      assert.equal(tags.get('image.10f'), 'Acme Cameras');
      assert.deepEqual(tags.get('photo.829a'), [1, 50]);
      // In the first directory itself, as some writers have it.
      const inFirst = exifOf({ order, image: [MAKER, long(0x201, 100), long(0x202, bytes.length)] });
      const cut = correctedExif(
        Buffer.concat([inFirst, Buffer.alloc(100 - inFirst.length), bytes]),
        corrections,
      );
      assert.ok(cut !== undefined && !cut.includes('small picture'));
      assert.equal(tagsOf(cut).get('image.10f'), 'Acme Cameras');
    }
  });

  it('keeps what a thumbnail claims but others use', () => {
    const shape = { order: 'II', image: [MAKER, ARTIST], photo: PHOTO } as const;
    const thumbnail = { bytes: Buffer.alloc(20, 1), tags: [] };
    const exif = exifOf({ ...shape, thumbnail });
    // The thumbnail's entry for its place says that it begins with the block itself.
    const place = exif.indexOf(Buffer.from([0x01, 0x02, 4, 0]));
    exif.writeUInt32LE(0, place + 8);
    exif.writeUInt32LE(exif.length, place + 20);
    const tags = tagsOf(correctedExif(exif, corrections) ?? Buffer.alloc(0));
    assert.deepEqual([tags.get('image.10f'), tags.get('image.13b')], ['Acme Cameras', 'Somebody']);
    assert.deepEqual(tags.get('photo.829a'), [1, 50]);
  });

  it('leaves the notes of cameras where they are, since these count from the beginning', () => {
    const note = { tag: 0x927c, type: 7, values: Buffer.from('notes with offsets in them') };
    const exif = exifOf({ order: 'II', image: [short(0x112, 6), MAKER], photo: [...PHOTO, note] });
    const corrected = correctedExif(exif, corrections) ?? Buffer.alloc(0);
    assert.equal(corrected.indexOf('notes with offsets'), exif.indexOf('notes with offsets'));
  });

  it('that is no EXIF is refused', () => {
    for (const bytes of [
      '',
      'Exif\0\0',
      'Exif\0\0II*\0',
      'nothing of the kind',
      'II\0\0\x08\0\0\0\0\0',
      'II*\0\xff\xff\0\0\0\0',
    ])
      assert.equal(correctedExif(Buffer.from(bytes, 'latin1'), corrections), undefined, bytes);
  });
});
