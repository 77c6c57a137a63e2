import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { decoding, near, pixelOf } from './decoding.js';
import { type TiffKind, tiffFile } from './tiff-files.js';

const WIDTH = 20;
const HEIGHT = 12;

/** A different value in each channel and pixel. */
function ramp(most: number) {
  return (x: number, y: number, sample: number) =>
    Math.round(((((x * 7 + y * 11 + sample * 50) % 200) + 20) / 255) * most);
}

function rampFile(kind: TiffKind): Buffer {
  return tiffFile(WIDTH, HEIGHT, ramp(2 ** (kind.bits ?? 8) - 1), kind);
}

const at = ramp(255);

const files = await decoding();

describe('a TIFF', () => {
  async function shows(
    kind: TiffKind,
    expected: (x: number, y: number) => readonly number[],
    tolerance = 0.51,
  ) {
    const image = await files.decoded(rampFile(kind));
    for (const [x, y] of [
      [0, 0],
      [7, 3],
      [19, 11],
    ] as const)
      assert.ok(
        near(pixelOf(image, x, y), expected(x, y), tolerance),
        `${JSON.stringify(kind)} at ${x}, ${y}: ${pixelOf(image, x, y)}, not ${expected(x, y)}`,
      );
    return image;
  }

  for (const bits of [8, 16])
    for (const planar of [false, true])
      it(`of ${bits} bits, ${planar ? 'in planes' : 'interleaved'}, has its alpha where the file says so, and nowhere else`, async () => {
        const common = { bits, planar, rowsPerStrip: 5 };
        const rgb = (x: number, y: number) => [at(x, y, 0), at(x, y, 1), at(x, y, 2), 1];
        const rgba = (x: number, y: number) => [...rgb(x, y).slice(0, 3), at(x, y, 3) / 255];
        await shows({ ...common }, rgb);
        await shows({ ...common, samples: 4, extraSamples: [2] }, rgba);
        await shows({ ...common, samples: 5, extraSamples: [2, 0] }, rgba);
        const behind = (x: number, y: number) => [...rgb(x, y).slice(0, 3), at(x, y, 4) / 255];
        await shows({ ...common, samples: 5, extraSamples: [0, 2] }, behind);
        const opaque = await shows({ ...common, samples: 4, extraSamples: [0] }, rgb);
        assert.equal(opaque.alpha, undefined, 'a channel of no known meaning is no alpha');
        assert.equal((await files.header(rampFile({ ...common, samples: 4 }))).hasAlpha, false);
      });

  it('of grey with alpha is right interleaved, and refused in two planes, which libvips mixes up', async () => {
    const kind = { photometric: 1, samples: 2, extraSamples: [2] };
    await shows(kind, (x, y) => [at(x, y, 0), at(x, y, 0), at(x, y, 0), at(x, y, 1) / 255]);
    assert.match(
      await files.refusal(rampFile({ ...kind, planar: true })),
      /^unsupported_image: .*plane for each channel/,
    );
  });

  it('of YCbCr that is neither JPEG nor subsampled is turned into RGB, by the weights and the range that it names', async () => {
    const bt601 = (y: number, cb: number, cr: number) => [
      y + 1.402 * (cr - 128),
      y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128),
      y + 1.772 * (cb - 128),
    ];
    const sample = (_x: number, _y: number, index: number) => [120, 110, 150][index] ?? 0;
    const kind = { photometric: 6, tags: [[530, 1, 1]] } as const;
    for (const planes of [{}, { planar: true, rowsPerStrip: 1 }]) {
      const image = await files.decoded(tiffFile(WIDTH, HEIGHT, sample, { ...kind, ...planes }));
      assert.ok(near(pixelOf(image, 4, 4), bt601(120, 110, 150), 0.6), String(pixelOf(image, 4, 4)));
    }
  });

  it('of CMYK keeps its alpha', async () => {
    const image = await files.decoded(rampFile({ photometric: 5, samples: 5, extraSamples: [2] }));
    assert.equal(image.alpha?.data[0], at(0, 0, 4));
  });

  const refused: readonly (readonly [kind: TiffKind, words: RegExp])[] = [
    [{ compression: 6 }, /old-style JPEG/],
    [{ compression: 34887 }, /LERC/],
    [{ compression: 34925 }, /LZMA/],
    [{ compression: 50000 }, /ZSTD/],
    [{ compression: 33005 }, /JPEG 2000/],
    [{ photometric: 8 }, /L\*a\*b\*/],
    [{ photometric: 8, bits: 16 }, /L\*a\*b\*/],
    [{ photometric: 4, samples: 1 }, /transparency mask/],
    [{ bits: 32, sampleFormat: 3 }, /32-bit floating-point/],
    [{ bits: 24, samples: 1, photometric: 1 }, /24-bit/],
    [{ sampleFormat: 2, samples: 1, photometric: 1 }, /signed/],
    [{ planar: true, tiled: true }, /[Tt]iled.*plane/],
    [{ photometric: 6, planar: true, tags: [[530, 1, 1]] }, /plane for each channel/],
    [{ samples: 7, extraSamples: [2, 0, 0, 0] }, /7 channels/],
    [{ samples: 5, extraSamples: [0, 1] }, /associated alpha behind/],
    [{ photometric: 5, samples: 5, bits: 16, extraSamples: [2] }, /16-bit CMYK with alpha/],
    [{ photometric: 5, samples: 4, tags: [[332, 2]] }, /inks other than CMYK/],
    [{ photometric: 6, tags: [[530, 1, 1]], texts: [[34675, Buffer.alloc(200)]] }, /profile of YCbCr/],
    [{ photometric: 6, tiled: true, tags: [[530, 2, 2]] }, /subsampled YCbCr/],
  ];
  for (const [kind, words] of refused)
    it(`${JSON.stringify(kind)} is refused by name`, async () => {
      const refusal = await files.refusal(rampFile(kind));
      assert.match(refusal, /^unsupported_image: /);
      assert.match(refusal, words);
    });

  it('of a camera is refused by the name of its kind, wherever in the file the sign of it is', async () => {
    const make = (name: string) => [271, Buffer.from(`${name}\0`)] as const;
    assert.match(await files.refusal(rampFile({ tags: [[50706, 1, 4]] })), /Camera RAW files \(DNG\)/);
    assert.match(await files.refusal(rampFile({ photometric: 32803, samples: 1 })), /Camera RAW files are/);
    const nikon = rampFile({
      compression: 34713,
      photometric: 32803,
      samples: 1,
      texts: [make('NIKON CORPORATION')],
    });
    assert.match(await files.refusal(nikon), /Camera RAW files \(NEF\).*preview/);
    const phaseOne = tiffFile(WIDTH, HEIGHT, () => 0x49, { texts: [make('Phase One A/S')] });
    assert.match(await files.refusal(phaseOne), /Camera RAW files \(IIQ\)/);
  });

  describe('in tiles', () => {
    async function tiled(compression: 'lzw' | 'deflate' | 'jpeg' | 'none'): Promise<Buffer> {
      const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
      return sharp({ create: { width: 300, height: 200, channels: 3, background: '#888', noise } })
        .tiff({ compression, tile: true, tileWidth: 64, tileHeight: 64 })
        .toBuffer();
    }

    for (const compression of ['lzw', 'deflate', 'jpeg'] as const)
      it(`of which one is damaged is refused (${compression})`, async () => {
        const file = await tiled(compression);
        assert.equal(await files.refusal(file), 'served');
        file.fill(0, Math.floor(file.length * 0.4), Math.floor(file.length * 0.6));
        assert.match(await files.refusal(file), /^corrupt_image: /);
      });

    it('that lie beyond its end is refused', async () => {
      const file = await tiled('none');
      // The directory is at the end, so the cut is made by an offset.
      const offsets = file.readUInt32LE(4);
      for (let entry = 0; entry < file.readUInt16LE(offsets); entry += 1) {
        const place = offsets + 2 + entry * 12;
        if (file.readUInt16LE(place) === 324)
          file.writeUInt32LE(file.length - 5, file.readUInt32LE(place + 8) + 8);
      }
      assert.match(await files.refusal(file), /^corrupt_image: /);
    });
  });

  it('with tags that libtiff warns of is served, in tiles and strips', async () => {
    for (const layout of [{ tiled: true }, {}, { rowsPerStrip: 3 }]) {
      // A text without its closing zero.
      await shows({ ...layout, texts: [[65000, Buffer.from('ABCD')]] }, (x, y) => [at(x, y, 0), at(x, y, 1)]);
      // OpenCV's RGBA, which does not say what its fourth channel is.
      await shows({ ...layout, samples: 4 }, (x, y) => [at(x, y, 0), at(x, y, 1), at(x, y, 2), 1]);
    }
  });

  it('whose pixels look like the mark of camera RAW is served', async () => {
    for (const value of ['I', 'M'])
      assert.equal(await files.refusal(tiffFile(WIDTH, HEIGHT, () => value.charCodeAt(0))), 'served');
  });
});
