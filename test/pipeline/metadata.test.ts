import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { TesseraError } from '../../src/domain/errors.js';
import {
  OUTPUT_FORMATS,
  type OutputFormat,
  type UpscaleOptions,
  type UpscaleResult,
} from '../../src/domain/types.js';
import { bmp24 } from './bmp-files.js';
import {
  ascii,
  exifOf,
  exifSegment,
  rational,
  segmentsOf,
  short,
  tagsOf,
  withChunk,
  withSegments,
  xmpSegment,
} from './exif-files.js';
import { GivenChain, upscaled } from './stage.js';

const WIDTH = 48;
const HEIGHT = 32;

function picture(): Sharp {
  const data = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let at = 0; at < data.length; at += 1) data[at] = ((at / 3) % WIDTH) * 3 + (at % 3) * 20;
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

const EXIF = exifOf({
  order: 'MM',
  image: [
    ascii(0x10f, 'Acme'),
    ascii(0x13b, 'Somebody'),
    short(0x112, 6),
    rational(0x11a, 300, 1),
    rational(0x11b, 300, 1),
    short(0x128, 2),
  ],
  photo: [rational(0x829a, 1, 50), short(0xa002, WIDTH), short(0xa003, HEIGHT)],
  gps: [ascii(1, 'N'), rational(2, 47, 1, 30, 1, 0, 1)],
  thumbnail: { bytes: Buffer.from('thumbnail'.repeat(20)), tags: [short(0x112, 6)] },
});
const XMP =
  '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
  '<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6" tiff:Artist="Somebody"/></rdf:RDF></x:xmpmeta>';

function xmpWith(letters: number): string {
  return XMP.replace(
    '/></rdf:RDF>',
    `><tiff:ImageDescription>${'d'.repeat(letters)}</tiff:ImageDescription></rdf:Description></rdf:RDF>`,
  );
}

/** The first directory of a TIFF file with those below it, as its own reader finds them; EXIF of other formats by sharp. */
async function exifIn(bytes: Buffer, format: OutputFormat): Promise<Map<string, string | number[]>> {
  const { exif } = await sharp(bytes).metadata();
  if (format === 'tiff') return tagsOf(bytes);
  return exif === undefined
    ? new Map()
    : tagsOf(exif.toString('latin1', 0, 4) === 'Exif' ? exif.subarray(6) : exif);
}

describe('what a picture says beside its pixels', () => {
  let folder = '';
  const chain = new GivenChain(() => [{ kind: 'lanczos' }]);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tessera-metadata-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function output(
    source: Buffer,
    options: Partial<UpscaleOptions> = {},
  ): Promise<{ result: UpscaleResult; bytes: Buffer; found: Metadata }> {
    const path = join(folder, 'source');
    await writeFile(path, source);
    return upscaled(path, { scale: 2, ...options }, { chain }, async ({ result, resultPath, left }) => {
      assert.deepEqual(left, [], 'nothing but the result is left');
      const bytes = await readFile(resultPath);
      assert.equal(bytes.length, result.bytes);
      // All pixels are there: a decoder that is strict reads them to the end.
      await sharp(bytes, { failOn: 'warning' }).raw().toBuffer();
      return { result, bytes, found: await sharp(bytes).metadata() };
    });
  }

  /** One picture with EXIF and XMP in each format that holds them, to be turned in all but TIFF. */
  async function sources(): Promise<[string, Buffer][]> {
    const jpeg = withSegments(
      await picture().jpeg({ quality: 100 }).toBuffer(),
      exifSegment(EXIF),
      xmpSegment(Buffer.from(XMP)),
    );
    const others = (['png', 'webp', 'avif'] as const).map(async (format): Promise<[string, Buffer]> => {
      const image = picture()
        .withExif({
          IFD0: { Make: 'Acme', Artist: 'Somebody', XResolution: '300/1', YResolution: '300/1' },
          IFD2: { ExposureTime: '1/50' },
          IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '47/1 30/1 0/1' },
        })
        .withMetadata({ orientation: 6, density: 300 })
        .withXmp(XMP);
      return [format, await image.toFormat(format).toBuffer()];
    });
    // sharp writes no EXIF into TIFF; the service does.
    const tiff = (await output(jpeg, { format: 'tiff', metadata: 'keep' })).bytes;
    return [['jpeg', jpeg], ...(await Promise.all(others)), ['tiff', tiff]];
  }

  it('is kept from every format into every format, true of the result', async () => {
    for (const [from, source] of await sources())
      for (const format of OUTPUT_FORMATS) {
        const what = `${from} to ${format}`;
        const { result, bytes, found } = await output(source, { format, metadata: 'keep' });
        const tags = await exifIn(bytes, format);
        assert.equal(tags.get('image.10f'), 'Acme', what);
        assert.equal(tags.get('image.13b'), 'Somebody', what);
        assert.deepEqual(tags.get('photo.829a'), [1, 50], what);
        assert.deepEqual(tags.get('gps.2'), [47, 1, 30, 1, 0, 1], what);
        assert.deepEqual(
          [tags.get('photo.a002'), tags.get('photo.a003')],
          [[result.width], [result.height]],
          what,
        );
        assert.ok(found.orientation === undefined || found.orientation === 1, what);
        assert.ok(!tags.has('thumbnail.112') && !bytes.includes('thumbnail'), what);
        assert.ok(found.xmp?.includes('tiff:Artist="Somebody"'), what);
        assert.ok(!found.xmp?.includes('Orientation'), what);
        assert.equal(result.notKept, undefined, what);
      }
  });

  it('is removed unless asked for, but for the resolution', async () => {
    for (const [, source] of await sources())
      for (const format of OUTPUT_FORMATS) {
        const { bytes, found } = await output(source, { format });
        assert.deepEqual([found.exif, found.xmp], [undefined, undefined]);
        assert.ok(!bytes.includes('Somebody') && !bytes.includes('Acme'));
        if (format !== 'webp' && format !== 'avif') assert.equal(found.density, 300);
      }
  });

  it('is kept in a grey picture, one with alpha and one of 16 bits as well', async () => {
    const kinds: Sharp[] = [
      picture().toColourspace('b-w'),
      picture().ensureAlpha(0.5),
      picture().toColourspace('rgb16'),
    ];
    for (const kind of kinds) {
      const source = withChunk(await kind.png().toBuffer(), 'eXIf', EXIF);
      for (const format of OUTPUT_FORMATS) {
        const { bytes, found } = await output(source, { format, metadata: 'keep' });
        assert.equal((await exifIn(bytes, format)).get('image.13b'), 'Somebody', format);
        assert.equal(found.width, HEIGHT * 2);
      }
    }
  });

  it('EXIF of more than 64 kB is kept where a format holds it, and refused by name where not', async () => {
    const large = exifOf({
      order: 'II',
      image: [ascii(0x10f, 'Acme')],
      photo: [{ tag: 0x9286, type: 7, values: Buffer.alloc(100_000, 'n') }],
    });
    const source = withChunk(await picture().png().toBuffer(), 'eXIf', large);
    for (const format of ['png', 'webp', 'avif', 'tiff'] as const) {
      const { bytes } = await output(source, { format, metadata: 'keep' });
      assert.ok(bytes.includes(Buffer.alloc(100_000, 'n')), format);
    }
    await assert.rejects(output(source, { format: 'jpeg', metadata: 'keep' }), (error) => {
      assert.ok(error instanceof TesseraError);
      assert.equal(error.code, 'output_too_large');
      assert.match(error.message, /EXIF.*100\d\d\d bytes.*JPEG cannot hold.*metadata=strip/);
      assert.equal(error.details.parameter, 'metadata');
      return true;
    });
    assert.equal((await output(source, { format: 'auto', metadata: 'keep' })).result.format, 'png');
    assert.equal((await output(source, { format: 'auto' })).result.format, 'jpeg');
  });

  it('XMP of more than 64 kB is kept everywhere: in two parts in JPEG, in one elsewhere', async () => {
    const long = xmpWith(150_000);
    const text = Buffer.concat([Buffer.from('XML:com.adobe.xmp\0\0\0\0\0'), Buffer.from(long)]);
    const source = withChunk(await picture().png().toBuffer(), 'iTXt', text);
    const whole = long.replace(' tiff:Orientation="6"', '');
    for (const format of ['png', 'webp', 'avif', 'tiff'] as const)
      assert.equal((await output(source, { format, metadata: 'keep' })).found.xmp?.toString(), whole, format);
    const { bytes: jpeg, found } = await output(source, { format: 'jpeg', metadata: 'keep' });
    assert.ok(found.xmp?.includes('tiff:Artist="Somebody"') && !found.xmp.includes('Orientation'));
    const name = 'http://ns.adobe.com/xmp/extension/\0';
    const parts = segmentsOf(jpeg).filter(({ content }) => content.toString('latin1').startsWith(name));
    const second = Buffer.concat(parts.map(({ content }) => content.subarray(name.length + 40)));
    const digest = createHash('md5').update(second).digest('hex').toUpperCase();
    assert.ok(found.xmp?.includes(`HasExtendedXMP="${digest}"`));
    assert.ok(parts.length >= 3 && second.includes('d'.repeat(150_000)));
    // And from there on again.
    const again = await output(jpeg, { format: 'png', metadata: 'keep' });
    assert.ok(again.found.xmp?.includes('d'.repeat(150_000)) && !again.found.xmp.includes('HasExtendedXMP'));
    assert.equal(again.result.notKept, undefined);
    // A part that was lost on the way is told.
    const cut = withSegments(await picture().jpeg().toBuffer(), xmpSegment(found.xmp ?? Buffer.alloc(0)));
    const told = await output(cut, { format: 'jpeg', metadata: 'keep' });
    assert.deepEqual(told.result.notKept, ['xmp']);
    assert.ok(told.found.xmp?.includes('tiff:Artist'));
  });

  it('what cannot be read is left out, and the result says so', async () => {
    const jpeg = await picture().jpeg().toBuffer();
    const damaged = withSegments(
      jpeg,
      exifSegment(Buffer.from('II*\0\xff\xff\xff\0', 'latin1')),
      xmpSegment(Buffer.from('<a><b></a>')),
    );
    const { result, found } = await output(damaged, { format: 'jpeg', metadata: 'keep' });
    assert.deepEqual(result.notKept, ['exif', 'xmp']);
    assert.deepEqual([found.exif, found.xmp], [undefined, undefined]);
    assert.equal(
      (await output(damaged, { format: 'jpeg' })).result.notKept,
      undefined,
      'nothing was asked for',
    );
  });

  it('the resolution stays the same number of pixels to an inch, from and into every format that has one', async () => {
    const jfif = (unit: number, x: number, y: number) => {
      const fields = Buffer.from('JFIF\0\x01\x02\0\0\0\0\0\0\0', 'latin1');
      fields[7] = unit;
      fields.writeUInt16BE(x, 8);
      fields.writeUInt16BE(y, 10);
      return [0xe0, fields] as const;
    };
    const jpeg = await picture().jpeg().toBuffer();
    const metres = Buffer.alloc(9, 1);
    metres.writeUInt32BE(11_811, 0);
    metres.writeUInt32BE(5906, 4);
    const png = await picture().png().toBuffer();
    const at = png.indexOf('pHYs') - 4;
    const bare = Buffer.concat([png.subarray(0, at), png.subarray(at + 21)]);
    const bmp = bmp24(WIDTH, HEIGHT, () => [1, 2, 3]);
    bmp.writeInt32LE(11_811, 38);
    bmp.writeInt32LE(5906, 42);
    const exif = exifOf({ order: 'II', image: [rational(0x11a, 3000, 10), rational(0x11b, 150, 1)] });
    const centimetres = exifOf({
      order: 'II',
      image: [rational(0x11a, 11_811, 100), rational(0x11b, 5906, 100), short(0x128, 3)],
    });
    const given: Record<string, Buffer> = {
      'JPEG by inches': withSegments(jpeg, jfif(1, 300, 150)),
      'JPEG by centimetres': withSegments(jpeg, jfif(2, 118, 59)),
      'JPEG by its EXIF': withSegments(jpeg, jfif(1, 72, 72), exifSegment(exif)),
      'JPEG by its EXIF in centimetres': withSegments(jpeg, exifSegment(centimetres)),
      PNG: withChunk(bare, 'pHYs', metres),
      'PNG against its EXIF': withChunk(
        withChunk(bare, 'pHYs', metres),
        'eXIf',
        exifOf({ order: 'MM', image: [rational(0x11a, 72, 1), rational(0x11b, 72, 1)] }),
      ),
      TIFF: await picture()
        .tiff({ xres: 300 / 25.4, yres: 150 / 25.4, resolutionUnit: 'inch' })
        .toBuffer(),
      'TIFF by centimetres': await picture()
        .tiff({ xres: 11.811, yres: 5.906, resolutionUnit: 'cm' })
        .toBuffer(),
      BMP: bmp,
    };
    for (const [what, source] of Object.entries(given))
      for (const metadata of ['strip', 'keep'] as const)
        for (const scale of [2, 3.5]) {
          const { bytes: asJpeg } = await output(source, { format: 'jpeg', metadata, scale });
          const [head] = segmentsOf(asJpeg);
          assert.equal(head?.content.toString('latin1', 0, 5), 'JFIF\0', what);
          assert.deepEqual(
            [head?.content[7], head?.content.readUInt16BE(8), head?.content.readUInt16BE(10)],
            [1, 300, 150],
            what,
          );
          const { bytes: asPng } = await output(source, { format: 'png', metadata, scale });
          const size = asPng.indexOf('pHYs') + 4;
          assert.ok(
            Math.abs(asPng.readUInt32BE(size) - 11_811) <= 11 &&
              Math.abs(asPng.readUInt32BE(size + 4) - 5906) <= 6,
            what,
          );
          assert.equal(asPng[size + 8], 1, what);
          const tags = tagsOf((await output(source, { format: 'tiff', metadata, scale })).bytes);
          const ratio = (key: string) =>
            Number((tags.get(key)?.[0] as number) / (tags.get(key)?.[1] as number));
          assert.ok(
            Math.abs(ratio('image.11a') - 300) < 0.5 && Math.abs(ratio('image.11b') - 150) < 0.5,
            what,
          );
          assert.deepEqual(tags.get('image.128'), [2], what);
        }
    // Kept EXIF does not say another thing than the file itself.
    const { bytes } = await output(given['PNG against its EXIF'] ?? bmp, {
      format: 'webp',
      metadata: 'keep',
    });
    const tags = await exifIn(bytes, 'webp');
    assert.equal(
      Math.round((tags.get('image.11a')?.[0] as number) / (tags.get('image.11a')?.[1] as number)),
      300,
    );
  });

  it('a picture without a resolution comes back without one', async () => {
    for (const source of [
      await picture().jpeg().toBuffer(),
      await picture().png().toBuffer(),
      await picture().webp().toBuffer(),
      await picture().tiff().toBuffer(),
    ]) {
      for (const format of OUTPUT_FORMATS) {
        const { bytes, found } = await output(source, { format });
        if (format === 'tiff') assert.deepEqual(tagsOf(bytes).get('image.128'), [1], 'no unit');
        else if (format === 'png') assert.equal(bytes[bytes.indexOf('pHYs') + 12], 0, 'no unit');
        else if (format === 'jpeg') assert.ok(!bytes.includes('JFIF'));
        assert.ok(found.density === undefined || format === 'jpeg' || format === 'tiff');
      }
    }
  });
});
