import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { joinedXmp, splitXmp } from '../../src/pipeline/metadata/extended-xmp.js';
import { correctedXmp, xmpText } from '../../src/pipeline/metadata/xmp.js';

const corrections = { width: 400, height: 300, resolution: undefined, srgb: true };
const RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"';
const TIFF = 'http://ns.adobe.com/tiff/1.0/';

function xmp(attributes: string, content = ''): string {
  return (
    `<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF ${RDF}>` +
    `<rdf:Description rdf:about=""${attributes}>${content}</rdf:Description></rdf:RDF></x:xmpmeta>\n${' '.repeat(200)}<?xpacket end="w"?>`
  );
}

describe('XMP of a result', () => {
  it('has no orientation, as an attribute or an element, under any prefix; the rest stays letter by letter', () => {
    const cases: readonly (readonly [before: string, after: string])[] = [
      [
        xmp(` xmlns:tiff="${TIFF}" tiff:Orientation="6" tiff:Make="Acme"`),
        xmp(` xmlns:tiff="${TIFF}" tiff:Make="Acme"`),
      ],
      [
        xmp(` xmlns:t='${TIFF}'`, '<t:Orientation>6</t:Orientation><t:Make>Acme</t:Make>'),
        xmp(` xmlns:t='${TIFF}'`, '<t:Make>Acme</t:Make>'),
      ],
      [xmp('', `<Orientation xmlns="${TIFF}"\n>6</Orientation\n>`), xmp('', '')],
      [
        xmp(` xmlns:tiff="${TIFF}"`, '<!-- <a> --><tiff:Orientation rdf:value="6"/><![CDATA[ <b> ]]>'),
        xmp(` xmlns:tiff="${TIFF}"`, '<!-- <a> --><![CDATA[ <b> ]]>'),
      ],
      [
        xmp(' xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:Orientation="6" exif:Flash="a>b"'),
        xmp(' xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:Flash="a>b"'),
      ],
    ];
    for (const [before, after] of cases) assert.equal(correctedXmp(before, corrections), after);
  });

  it('keeps what only looks like an orientation', () => {
    const other = xmp(' xmlns:tiff="urn:page" tiff:Orientation="6"', '<a>tiff:Orientation="6"</a>');
    assert.equal(correctedXmp(other, corrections), other);
  });

  it('has no thumbnails, and tells the new size', () => {
    const before = xmp(
      ` xmlns:tiff="${TIFF}" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" tiff:ImageWidth="100" exif:PixelXDimension="100"`,
      '<xmp:Thumbnails><rdf:Alt><rdf:li>AAAA</rdf:li></rdf:Alt></xmp:Thumbnails><exif:PixelYDimension>75</exif:PixelYDimension><tiff:ImageLength>75</tiff:ImageLength><exif:ColorSpace>65535</exif:ColorSpace>',
    );
    const after = xmp(
      ` xmlns:tiff="${TIFF}" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" tiff:ImageWidth="400" exif:PixelXDimension="400"`,
      '<exif:PixelYDimension>300</exif:PixelYDimension><tiff:ImageLength>300</tiff:ImageLength><exif:ColorSpace>1</exif:ColorSpace>',
    );
    assert.equal(correctedXmp(before, corrections), after);
  });

  it('does not speak of gain maps and films that followed the source', () => {
    const namespaces =
      ' xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:Container="http://ns.google.com/photos/1.0/container/" xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"';
    const before = xmp(
      `${namespaces} hdrgm:Version="1.0" GCamera:MotionPhoto="1" GCamera:MicroVideoOffset="5000" GCamera:BurstID="b"`,
      '<Container:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><Container:Item/></rdf:li></rdf:Seq></Container:Directory>',
    );
    assert.equal(correctedXmp(before, corrections), xmp(`${namespaces} GCamera:BurstID="b"`));
  });

  it('is read in UTF-8 and in UTF-16 of both orders, with or without a mark', () => {
    const text = xmp('', '<a>Zoë 写真</a>').slice(text0());
    const little = Buffer.from(text, 'utf16le');
    const big = Buffer.from(little).swap16();
    const marked = Buffer.concat([Buffer.from([0xff, 0xfe]), little]);
    for (const bytes of [
      Buffer.from(text),
      little,
      big,
      marked,
      Buffer.from(marked).swap16(),
      Buffer.from(`${text}\0`),
    ])
      assert.equal(xmpText(bytes), text);
    assert.equal(xmpText(Buffer.from([0x3c, 0xff, 0xff, 0x3e])), undefined, 'no encoding that is known');
  });

  it('that is not well-formed, or has a document type, is refused', () => {
    for (const text of [
      '',
      'no XML',
      '<a><b></a>',
      '<a',
      '<a b=c/>',
      '<a/></b>',
      '<!DOCTYPE a [<!ENTITY b "c">]><a/>',
      '<a><!-- </a>',
      '<a>'.repeat(1000),
    ])
      assert.equal(correctedXmp(text, corrections), undefined, text.slice(0, 30));
  });

  it('of any length takes time by its length, and of too many pieces is refused', () => {
    for (const many of ['<c/>'.repeat(200_000), `<c${' a=""'.repeat(200_000)}/>`])
      assert.equal(correctedXmp(xmp('', many), corrections), undefined);
    const long = xmp('', `<a b="${'x'.repeat(500_000)}"/>`.repeat(10) + '<c/>'.repeat(100_000));
    assert.equal(correctedXmp(long, corrections), long);
  });
});

/** Letters before the first element. */
function text0(): number {
  return xmp('').indexOf('<x:xmpmeta');
}

describe('XMP in two parts', () => {
  const NAMESPACES = ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:g="urn:g"';
  const long = 'x'.repeat(50_000);

  it('has its longest properties in the second, which the first one names by its digest', () => {
    const whole = xmp(
      `${NAMESPACES} g:Data="${long}" dc:format="image/jpeg"`,
      `<dc:title>Short</dc:title><dc:description>${long}</dc:description>`,
    );
    const split = splitXmp(whole, 65_502);
    assert.ok(split !== undefined);
    assert.ok(split.first.length <= 65_502);
    assert.ok(split.first.includes('Short') && split.first.includes('image/jpeg'));
    assert.equal(split.digest, createHash('md5').update(split.second).digest('hex').toUpperCase());
    assert.ok(split.first.includes(`xmpNote:HasExtendedXMP="${split.digest}"`));
    const joined = joinedXmp(split.first, new Map([[split.digest, split.second.toString()]])) ?? '';
    assert.ok(!joined.includes('HasExtendedXMP'));
    for (const piece of [
      `g:Data="${long}"`,
      'dc:format="image/jpeg"',
      '<dc:title>Short<',
      `<dc:description>${long}<`,
    ])
      assert.equal(joined.split(piece).length, 2, `${piece.slice(0, 20)} once`);
    assert.equal(correctedXmp(joined, corrections), joined, 'it is well-formed');
  });

  it('is one text again also where the parts use other prefixes, declared further out', () => {
    const first = xmp(' xmlns:n="http://ns.adobe.com/xmp/note/"', '<n:HasExtendedXMP>AB</n:HasExtendedXMP>');
    const second = `<m:xmpmeta xmlns:m="adobe:ns:meta/" xmlns:q="urn:q"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description q:Value="1"/></r:RDF></m:xmpmeta>`;
    const joined = joinedXmp(first, new Map([['AB', second]]));
    assert.match(
      joined ?? '',
      /<r:Description xmlns:m="adobe:ns:meta\/" xmlns:q="urn:q" xmlns:r="[^"]*" q:Value="1"\/><\/rdf:RDF>/,
    );
    assert.equal(joinedXmp(first, new Map()), undefined, 'a part that is missing');
  });

  it('cannot be had where one property is needed and too long by itself for what is left', () => {
    assert.equal(splitXmp(`<a>${long}${long}</a>`, 65_502), undefined);
  });
});
