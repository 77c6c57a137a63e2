import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { srgbProfile } from '../../src/pipeline/output/srgb.js';
import { pngChunk } from '../hostile/inputs/png.js';
import { premultiplied, VIDEO_RANGE_GREY, withColour } from './avif-files.js';
import { decoding, near, pixelOf } from './decoding.js';

const files = await decoding();

const PURE = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 0],
  [0, 255, 255],
  [255, 0, 255],
  [200, 30, 30],
  [255, 128, 0],
  [20, 20, 20],
] as const;

/** The pure colours side by side, in 16 bits. */
function pureColours() {
  const data = Uint16Array.from(PURE.flat(), (value) => value * 257);
  return sharp(data, { raw: { width: PURE.length, height: 1, channels: 3 } }).toColourspace('rgb16');
}

/** A PNG of one colour with further chunks before its pixels. @param depth bits; values are of so many. */
function pngOf(depth: 8 | 16, values: readonly number[], ...chunks: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(2, 0);
  header.writeUInt32BE(2, 4);
  header.writeUInt8(depth, 8);
  header.writeUInt8(values.length === 1 ? 0 : 2, 9);
  const pixel = Buffer.alloc((values.length * depth) / 8);
  for (const [index, value] of values.entries()) pixel.writeUIntBE(value, (index * depth) / 8, depth / 8);
  const row = Buffer.concat([Buffer.alloc(1), pixel, pixel]);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    signature,
    pngChunk('IHDR', header),
    ...chunks,
    pngChunk('IDAT', deflateSync(Buffer.concat([row, row]))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(Math.round(value * 100_000), index * 4);
  return bytes;
}

const P3_PRIMARIES = numbers(0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06);
const srgbOf = (light: number) =>
  255 * (light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055);

describe('colours of 16 bits', () => {
  it('with an sRGB profile stay as they are, pure ones too, within 1 of 255', async () => {
    const icc = await srgbProfile();
    assert.ok(icc !== undefined);
    const profile = pngChunk('iCCP', Buffer.concat([Buffer.from('sRGB\0\0', 'latin1'), deflateSync(icc)]));
    for (const colour of PURE) {
      const stored = colour.map((value) => value * 257);
      const image = await files.decoded(pngOf(16, stored, profile));
      assert.ok(image.sixteenBit);
      assert.ok(near(pixelOf(image, 0, 0), colour, 1), `${colour} became ${pixelOf(image, 0, 0)}`);
    }
  });

  it('with a Display P3 profile become the sRGB of the same 8-bit picture', async () => {
    const wide = pureColours().withIccProfile('p3');
    const fine = await files.decoded(await wide.clone().png().toBuffer());
    const coarse = await files.decoded(await wide.clone().toColourspace('srgb').png().toBuffer());
    for (const [x] of PURE.entries())
      assert.ok(near(pixelOf(fine, x, 0), pixelOf(coarse, x, 0).slice(0, 3), 1.5), `pixel ${x}`);
  });

  it('of grey with a linear profile are as light as those of 8 bits with it', async () => {
    // A profile of one curve with gamma 1 (ICC.1:2022, 8.3.4): header, tag table, white point, curve.
    const icc = linearGreyProfile();
    const profile = pngChunk('iCCP', Buffer.concat([Buffer.from('linear\0\0', 'latin1'), deflateSync(icc)]));
    const expected = srgbOf(100 / 255);
    for (const file of [pngOf(8, [100], profile), pngOf(16, [100 * 257], profile)]) {
      const image = await files.decoded(file);
      assert.equal(image.grey, true);
      assert.ok(
        near(pixelOf(image, 0, 0), [expected, expected, expected], 1.5),
        String(pixelOf(image, 0, 0)),
      );
    }
  });

  it('of Adobe RGB are as exact in dark channels as anywhere', async () => {
    const profile = pngChunk(
      'iCCP',
      Buffer.concat([Buffer.from('wide\0\0', 'latin1'), deflateSync(adobeRgb())]),
    );
    // Adobe RGB of sRGB colours, by its definition; the first lies outside of sRGB and is clipped.
    for (const [stored, expected] of [
      [
        [0, 255, 0],
        [0, 255, 0],
      ],
      [
        [128, 128, 128],
        [129, 129, 129],
      ],
      [
        [219, 0, 0],
        [255, 0, 0],
      ],
      [
        [144, 255, 60],
        [0, 255, 0],
      ],
    ] as const) {
      const image = await files.decoded(
        pngOf(
          16,
          stored.map((value) => value * 257),
          profile,
        ),
      );
      assert.ok(near(pixelOf(image, 0, 0), expected, 1.5), `${stored}: ${pixelOf(image, 0, 0)}`);
    }
  });

  it('of grey with a steep profile are exact in the dark', async () => {
    const profile = pngChunk(
      'iCCP',
      Buffer.concat([Buffer.from('linear\0\0', 'latin1'), deflateSync(linearGreyProfile())]),
    );
    for (const file of [pngOf(8, [2], profile), pngOf(16, [2 * 257], profile)]) {
      const [grey = 0] = pixelOf(await files.decoded(file), 0, 0);
      assert.ok(Math.abs(grey - srgbOf(2 / 255)) < 0.6, String(grey));
    }
  });

  it('keep their values where the profile is of another kind of colours, or damaged', async () => {
    const cmykLike = linearGreyProfile();
    cmykLike.write('CMYK', 16, 'latin1');
    const damaged = Buffer.from((await srgbProfile()) ?? []).fill(0, 140);
    for (const bytes of [cmykLike, linearGreyProfile(), damaged]) {
      const profile = pngChunk('iCCP', Buffer.concat([Buffer.from('odd\0\0', 'latin1'), deflateSync(bytes)]));
      const image = await files.decoded(pngOf(16, [50_000, 20_000, 9_000], profile));
      assert.deepEqual([...image.colour.data.subarray(0, 3)], [50_000, 20_000, 9_000]);
    }
  });
});

describe('a PNG without a profile', () => {
  it('of linear light (gAMA 1) is shown as light as it is meant, in 8 and 16 bits, in grey and colour', async () => {
    const linear = pngChunk('gAMA', numbers(1));
    const expected = [srgbOf(100 / 255), srgbOf(10 / 255), srgbOf(1)];
    assert.ok(near(pixelOf(await files.decoded(pngOf(8, [100, 10, 255], linear)), 1, 1), expected, 0.6));
    const deep = pngOf(16, [100 * 257, 10 * 257, 65_535], linear);
    assert.ok(near(pixelOf(await files.decoded(deep), 1, 1), expected, 0.1));
    const grey = await files.decoded(pngOf(8, [100], linear));
    assert.ok(grey.grey && near(pixelOf(grey, 0, 0), [expected[0] ?? 0], 0.6));
  });

  it('of Display P3 primaries (cHRM) becomes what a P3 profile would make of it', async () => {
    const raw = { width: 1, height: 1, channels: 3 } as const;
    const viaProfile = await sharp(Buffer.from([117, 78, 39]), { raw })
      .withIccProfile('p3')
      .png()
      .toBuffer();
    const stored = await sharp(viaProfile, { ignoreIcc: true }).raw().toBuffer();
    const image = await files.decoded(pngOf(8, [...stored], pngChunk('cHRM', P3_PRIMARIES)));
    assert.ok(near(pixelOf(image, 0, 0), [117, 78, 39], 1), String(pixelOf(image, 0, 0)));
  });

  it('of what programs write for sRGB stays as it is', async () => {
    const usual = [
      pngChunk('gAMA', numbers(0.45455)),
      pngChunk('cHRM', numbers(0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)),
    ];
    for (const chunks of [
      usual,
      [pngChunk('sRGB', Buffer.alloc(1)), pngChunk('gAMA', numbers(1))],
      [pngChunk('gAMA', numbers(0))],
    ]) {
      const image = await files.decoded(pngOf(8, [10, 100, 200], ...chunks));
      assert.deepEqual(pixelOf(image, 0, 0), [10, 100, 200, 1]);
    }
  });

  it('whose cICP says P3 is converted, and HDR is refused by name', async () => {
    const cicp = (primaries: number, transfer: number) =>
      pngChunk('cICP', Buffer.from([primaries, transfer, 0, 1]));
    const image = await files.decoded(pngOf(8, [255, 0, 0], cicp(12, 13)));
    assert.deepEqual(pixelOf(image, 0, 0), [255, 0, 0, 1], 'clipped to the reddest of sRGB');
    const muted = await files.decoded(pngOf(8, [123, 75, 40], cicp(12, 13)));
    assert.ok((pixelOf(muted, 0, 0)[0] ?? 0) > 127, 'a P3 red is redder in sRGB numbers');
    assert.match(
      await files.refusal(pngOf(16, [1, 2, 3], cicp(9, 16))),
      /^unsupported_image: HDR images \(PNG with the PQ/,
    );
    assert.match(await files.refusal(pngOf(16, [1, 2, 3], cicp(9, 18))), /^unsupported_image: HDR .*HLG/);
    assert.match(
      await files.refusal(pngOf(8, [1, 2, 3], cicp(99, 13))),
      /^unsupported_image: .*primaries 99/,
    );
  });
});

describe('an AVIF', () => {
  const avif = (r: number, g: number, b: number, alpha = 1) =>
    sharp({ create: { width: 32, height: 32, channels: 4, background: { r, g, b, alpha } } })
      .avif({ quality: 95, chromaSubsampling: '4:4:4' })
      .toBuffer();

  it('of HDR is refused by name, and of BT.2020 or P3 in standard range converted', async () => {
    const plain = await avif(123, 75, 40, 0.5);
    assert.match(
      await files.refusal(withColour(plain, 9, 16)),
      /^unsupported_image: HDR images \(AVIF with the PQ/,
    );
    assert.match(await files.refusal(withColour(plain, 9, 18)), /HLG/);
    const red = async (file: Buffer) => pixelOf(await files.decoded(file), 9, 9)[0] ?? 0;
    const [srgb, p3, wide] = [
      await red(withColour(plain, 1, 13)),
      await red(withColour(plain, 12, 13)),
      await red(withColour(plain, 9, 14)),
    ];
    assert.ok(Math.abs(srgb - 123) <= 2);
    assert.ok(p3 > srgb + 3 && wide > p3 + 3, `sRGB ${srgb}, P3 ${p3}, BT.2020 ${wide}`);
  });

  it('cut off is refused, be it by one byte', async () => {
    const plain = await avif(1, 2, 3);
    assert.match(await files.refusal(plain.subarray(0, -1)), /^corrupt_image/);
  });

  it('of brightness alone in video range is stretched to black and white', async () => {
    const image = await files.decoded(VIDEO_RANGE_GREY);
    assert.ok(
      near(pixelOf(image, 4, 4), [0, 0, 0], 3) && near(pixelOf(image, 28, 4), [255, 255, 255], 3),
      String(pixelOf(image, 4, 4)),
    );
  });

  it('of colours multiplied with alpha has them divided again', async () => {
    const plain = await avif(78, 66, 47, 0.5);
    assert.ok(near(pixelOf(await files.decoded(plain), 9, 9), [78, 66, 47], 2));
    const image = await files.decoded(premultiplied(plain));
    assert.ok(near(pixelOf(image, 9, 9), [156, 132, 94], 4), String(pixelOf(image, 9, 9)));
    assert.ok(Math.abs((pixelOf(image, 9, 9)[3] ?? 0) - 0.5) < 0.01);
  });
});

/** An ICC profile of grey whose values are light. */
function linearGreyProfile(): Buffer {
  // A curve without entries is the identity.
  return iccProfile('GRAY', [['kTRC', Buffer.from('curv\0\0\0\0\0\0\0\0', 'latin1')]]);
}

/** Adobe RGB (1998): its colourants under D50, and the power 563/256. */
function adobeRgb(): Buffer {
  const power = Buffer.concat([Buffer.from('curv\0\0\0\0\0\0\0\x01', 'latin1'), Buffer.from([2, 51])]);
  const colourant = (x: number, y: number, z: number) =>
    Buffer.concat([Buffer.from('XYZ \0\0\0\0', 'latin1'), fixed(x), fixed(y), fixed(z)]);
  return iccProfile('RGB ', [
    ['rXYZ', colourant(0.60974, 0.31111, 0.01947)],
    ['gXYZ', colourant(0.20528, 0.62567, 0.06087)],
    ['bXYZ', colourant(0.14919, 0.06322, 0.74457)],
    ...(['rTRC', 'gTRC', 'bTRC'] as const).map((name) => [name, power] as const),
  ]);
}

function iccProfile(colours: string, ownTags: readonly (readonly [string, Buffer])[]): Buffer {
  const tags = [
    ['wtpt', Buffer.concat([Buffer.from('XYZ \0\0\0\0', 'latin1'), fixed(0.9642), fixed(1), fixed(0.8249)])],
    ...ownTags,
    [
      'desc',
      Buffer.concat([
        Buffer.from('desc\0\0\0\0\0\0\0\x05', 'latin1'),
        Buffer.from('test\0'),
        Buffer.alloc(79),
      ]),
    ],
    ['cprt', Buffer.from('text\0\0\0\0none\0\0\0\0', 'latin1')],
  ] as const;
  const table = Buffer.alloc(4 + tags.length * 12);
  table.writeUInt32BE(tags.length, 0);
  const data: Buffer[] = [];
  let at = 128 + table.length;
  for (const [index, [name, content]] of tags.entries()) {
    table.write(name, 4 + index * 12, 'latin1');
    table.writeUInt32BE(at, 8 + index * 12);
    table.writeUInt32BE(content.length, 12 + index * 12);
    const padded = Buffer.concat([content, Buffer.alloc((4 - (content.length % 4)) % 4)]);
    data.push(padded);
    at += padded.length;
  }
  const header = Buffer.alloc(128);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x02400000, 8);
  header.write(`mntr${colours}XYZ `, 12, 'latin1');
  header.write('acsp', 36, 'latin1');
  Buffer.concat([fixed(0.9642), fixed(1), fixed(0.8249)]).copy(header, 68);
  return Buffer.concat([header, table, ...data]);
}

/** An s15Fixed16Number. */
function fixed(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(Math.round(value * 65_536), 0);
  return bytes;
}
