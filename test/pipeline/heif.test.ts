import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { psnr } from '../quality/likeness.js';
import {
  alphaOf,
  coded,
  cropped,
  gridFile,
  HEIGHT,
  heicFile,
  heicPath,
  hevc,
  icc,
  mirrored,
  nclx,
  opacity,
  rotated,
  shown,
  WIDTH,
} from './heic-files.js';
import { developed, expected, needsDecoder, whole } from './heic-stage.js';

interface Picture {
  readonly data: Uint16Array;
  readonly width: number;
  readonly height: number;
}

/** @param from where the pixel at a place of the new picture is in the old one. */
function moved(
  old: Picture,
  width: number,
  height: number,
  from: (x: number, y: number) => readonly [number, number],
): Picture {
  const data = new Uint16Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [left, top] = from(x, y);
      const at = (top * old.width + left) * 3;
      data.set(old.data.subarray(at, at + 3), (y * width + x) * 3);
    }
  return { data, width, height };
}

/** Linear Display P3 to linear sRGB, by the primaries of both and the white of D65. */
const FROM_P3: readonly (readonly number[])[] = [
  [1.2249, -0.2247, 0],
  [-0.042, 1.0419, 0],
  [-0.0197, -0.0786, 1.0979],
];

/** The same colours in sRGB; both have its curve (IEC 61966-2-1). */
function fromP3(samples: Uint16Array): Uint8Array {
  const linear = (value: number) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const curved = (value: number) => (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055);
  return Uint8Array.from(samples, (_, at) => {
    const pixel = samples.subarray(at - (at % 3), at - (at % 3) + 3);
    const light = (FROM_P3[at % 3] ?? []).reduce(
      (sum, share, channel) => sum + share * linear((pixel[channel] ?? 0) / 255),
      0,
    );
    return Math.round(255 * curved(Math.min(1, Math.max(0, light))));
  });
}

const plain = () => hevc(coded('plain'));
const of = async (name: string) => developed(await readFile(heicPath(name)));

describe('a HEIC', needsDecoder, () => {
  it('tells of its rows while it is decoded', async () => {
    const told: number[] = [];
    const file = await readFile(heicPath('plain'));
    await developed(file, {
      onRows: ({ rowsDone, rowsTotal }) => {
        assert.equal(rowsTotal, HEIGHT);
        told.push(rowsDone);
      },
    });
    assert.deepEqual(told, [64]);
  });

  it('is decoded, whatever its chroma', async () => {
    for (const [name, atLeastDb] of [
      ['plain', 42],
      ['chroma-422', 42],
      ['rgb', 50],
    ] as const) {
      const { header, image } = await of(name);
      assert.deepEqual(header, {
        format: 'heic',
        width: WIDTH,
        height: HEIGHT,
        hasAlpha: false,
        sixteenBit: false,
        pages: 1,
      });
      const db = psnr(image.colour.data, whole());
      assert.ok(db > atLeastDb, `${name}: ${db} dB`);
      assert.equal(image.alpha, undefined);
    }
  });

  it('has sides that are odd', async () => {
    const { header, image } = await of('odd');
    assert.deepEqual([header.width, header.height], [WIDTH - 1, HEIGHT - 1]);
    assert.ok(psnr(image.colour.data, expected(WIDTH - 1, HEIGHT - 1, 255)) > 42);
  });

  it('of 10 bits keeps them', async () => {
    const { header, image } = await of('deep');
    assert.deepEqual([header.sixteenBit, image.sixteenBit], [true, true]);
    const levels = new Set(image.colour.data);
    assert.ok(levels.size > 400, `${levels.size} levels`);
    const db = psnr(image.colour.data, expected(WIDTH, HEIGHT, 65_535), 65_535);
    assert.ok(db > 44, `${db} dB`);
  });

  it('in grey stays grey', async () => {
    const { image } = await of('grey');
    assert.equal(image.grey, true);
    const green = whole().filter((_, at) => at % 3 === 1);
    assert.ok(psnr(image.colour.data.filter((_, at) => at % 3 === 0) as Uint8Array, green) > 45);
  });

  it('that is black is not taken for one that ends early', async () => {
    for (const name of ['black', 'black-grey'])
      assert.ok((await of(name)).image.colour.data.every((sample) => sample <= 1));
  });

  it('keeps its alpha', async () => {
    const { header, image } = await of('alpha');
    assert.equal(header.hasAlpha, true);
    const opacities = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => 255 * opacity(at % WIDTH));
    assert.ok(psnr(image.alpha?.data ?? new Uint8Array(), opacities) > 45);
    assert.ok(psnr(image.colour.data, whole()) > 42);
  });

  it('whose colours were multiplied by alpha gets them back', async () => {
    const items = [plain(), alphaOf(coded('alpha', 'alpha'))];
    const auxl = { type: 'auxl', from: 2, to: [1] };
    const prem = { type: 'prem', from: 1, to: [2] };
    const { image } = await developed(heicFile({ items, references: [auxl, prem] }));
    const x = Math.floor(WIDTH * 0.7);
    const pixel = image.colour.data.subarray(x * 3, x * 3 + 3);
    const right = shown(x, 0).map((value) => Math.min(255, (255 * value) / opacity(x)));
    assert.ok(psnr(pixel, Uint8Array.from(right)) > 38, `${pixel} instead of ${right}`);
  });

  it('in tiles, as phones write it, is one picture', async () => {
    const { header, image } = await developed(heicFile(gridFile()));
    assert.deepEqual([header.width, header.height, header.pages], [WIDTH, HEIGHT, 1]);
    assert.ok(psnr(image.colour.data, whole()) > 42);
  });

  it('is turned and mirrored as its file says, once', async () => {
    // EXIF says so too, for readers that do not look at the file's own words.
    const exif = Buffer.concat([
      Buffer.from('\0\0\0\0MM\0*\0\0\0\x08\0\x01', 'latin1'),
      Buffer.from('0112000300000001000600000000000000', 'hex'),
    ]);
    for (const quarters of [0, 1, 2, 3])
      for (const axis of [undefined, 0, 1]) {
        const properties = [rotated(quarters), ...(axis === undefined ? [] : [mirrored(axis)])];
        const grid = gridFile(properties);
        const file = heicFile({
          ...grid,
          items: [...grid.items, { type: 'Exif', data: exif }],
          references: [...(grid.references ?? []), { type: 'cdsc', from: 6, to: [5] }],
        });
        const { header, image } = await developed(file, { keepMetadata: true });
        const [width, height] = quarters % 2 === 1 ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
        assert.deepEqual([header.width, header.height], [width, height]);
        assert.deepEqual([image.colour.width, image.colour.height], [width, height]);
        let right = { data: whole(), width: WIDTH, height: HEIGHT };
        for (let turn = 0; turn < quarters; turn++)
          right = moved(right, right.height, right.width, (x, y) => [right.width - 1 - y, x]);
        if (axis !== undefined)
          right = moved(right, width, height, (x, y) =>
            axis === 0 ? [x, height - 1 - y] : [width - 1 - x, y],
          );
        const db = psnr(image.colour.data, right.data);
        assert.ok(db > 42, `${quarters} quarters, mirrored at ${axis}: ${db} dB`);
      }
  });

  it('is cropped as its file says, before it is turned', async () => {
    // 40 x 32 pixels, whose middle is 20 to the right of the picture's and 10 above it.
    const crop = cropped(40, 32, 20, -10);
    const { header, image } = await developed(
      heicFile({ items: [hevc(coded('plain'), [crop, mirrored(1)])] }),
    );
    assert.deepEqual([header.width, header.height], [40, 32]);
    const [left, top] = [WIDTH / 2 + 20 - 20, HEIGHT / 2 - 10 - 16];
    const right = expected(40, 32, 255, (x, y) => [left + 39 - x, top + y]);
    assert.ok(psnr(image.colour.data, right) > 40);
  });

  it('in Display P3 comes to sRGB as a PNG does, by profile or by code points', async () => {
    const p3 = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#000' } })
      .withIccProfile('p3')
      .png()
      .toBuffer();
    const { icc: profile } = await sharp(p3).metadata();
    assert.ok(profile !== undefined);
    for (const property of [icc(profile), nclx(12, 13, 6)]) {
      const { image } = await developed(heicFile({ items: [hevc(coded('plain'), [property])] }));
      const db = psnr(image.colour.data, fromP3(whole()));
      assert.ok(db > 38, `${db} dB`);
      assert.ok(psnr(image.colour.data, whole()) < 34, 'nothing was converted');
    }
  });

  it('shows its primary picture; thumbnails, depth and gain maps are not counted', async () => {
    const hidden = (type: string, from: number) => ({ type, from, to: [2] });
    const other = hevc(coded('tile-0'), [], undefined);
    const file = heicFile({
      items: [other, plain(), plain(), plain()],
      references: [hidden('thmb', 3), hidden('auxl', 4)],
      primary: 2,
    });
    const { header, image } = await developed(file);
    assert.equal(header.pages, 2);
    assert.ok(psnr(image.colour.data, whole()) > 42);
  });

  it('hands on EXIF and XMP where they are asked for', async () => {
    const exif = Buffer.concat([
      Buffer.from('\0\0\0\0II*\0\x08\0\0\0\x01\0', 'latin1'),
      // The artist, of four bytes.
      Buffer.from('3b01020004000000416e6e0000000000', 'hex'),
    ]);
    const xmp = Buffer.from('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>');
    const file = heicFile({
      items: [
        plain(),
        { type: 'Exif', data: exif },
        { type: 'mime', data: xmp, contentType: 'application/rdf+xml' },
      ],
      references: [
        { type: 'cdsc', from: 2, to: [1] },
        { type: 'cdsc', from: 3, to: [1] },
      ],
    });
    const { image } = await developed(file, { keepMetadata: true });
    assert.deepEqual(image.metadata.xmp, xmp);
    assert.ok(image.metadata.exif?.includes('Ann'));
    assert.deepEqual((await developed(file)).image.metadata, {});
  });
});
