import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { pngChunk } from '../hostile/inputs/png.js';
import { decoding, pixelOf } from './decoding.js';

const files = await decoding();

/** A GIF of 16 x 16 whose frames are areas of one colour each, of a table of black, red, green and blue. */
function gif(...frames: readonly { left: number; top: number; side: number; colour: number }[]): Buffer {
  const screen = Buffer.from([16, 0, 16, 0, 0x81, 0, 0]);
  const table = Buffer.from([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]);
  const images = frames.map(({ left, top, side, colour }) => {
    const descriptor = Buffer.from([0x2c, left, 0, top, 0, side, 0, side, 0, 0]);
    return Buffer.concat([descriptor, Buffer.from([2]), uncompressed(side * side, colour), Buffer.from([0])]);
  });
  return Buffer.concat([Buffer.from('GIF89a'), screen, table, ...images, Buffer.from([0x3b])]);
}

/** LZW that begins anew before its codes grow: 3 bits each, a clear code (4) before every pixel, the end code (5). */
function uncompressed(pixels: number, colour: number): Buffer {
  const codes = [...Array.from({ length: pixels }, () => [4, colour]).flat(), 5];
  const bytes = Buffer.alloc(Math.ceil((codes.length * 3) / 8));
  for (const [index, code] of codes.entries())
    for (let bit = 0; bit < 3; bit += 1)
      if (code & (1 << bit)) {
        const place = index * 3 + bit;
        bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (1 << (place & 7));
      }
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 255) {
    const piece = bytes.subarray(at, at + 255);
    pieces.push(Buffer.from([piece.length]), piece);
  }
  return Buffer.concat(pieces);
}

describe('a GIF', () => {
  const small = { left: 4, top: 6, side: 5, colour: 1 };

  it('whose first frame is smaller than its canvas is transparent around it', async () => {
    const file = gif(small);
    const image = await files.decoded(file);
    assert.deepEqual([image.colour.width, image.colour.height], [16, 16]);
    assert.deepEqual(pixelOf(image, 4, 6), [255, 0, 0, 1]);
    assert.deepEqual(pixelOf(image, 8, 10), [255, 0, 0, 1]);
    for (const [x, y] of [
      [0, 0],
      [3, 6],
      [9, 10],
      [15, 15],
    ] as const)
      assert.equal(pixelOf(image, x, y)[3], 0, `at ${x}, ${y}`);
    assert.equal((await files.header(file)).hasAlpha, true);
  });

  it('whose first frame covers all of it is opaque', async () => {
    const image = await files.decoded(gif({ left: 0, top: 0, side: 16, colour: 2 }));
    assert.equal(image.alpha, undefined);
    assert.deepEqual(pixelOf(image, 15, 15), [0, 255, 0, 1]);
  });

  it('whose later frame is damaged or cut off serves its first', async () => {
    const whole = gif({ left: 0, top: 0, side: 16, colour: 3 }, small, small);
    assert.equal((await files.header(whole)).pages, 3);
    // The code size of the second frame, which no decoder takes.
    const second = whole.indexOf(Buffer.from([0x2c, 4, 0, 6, 0]));
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(200, second + 10);
    for (const file of [damaged, whole.subarray(0, second + 20)]) {
      const image = await files.decoded(file);
      assert.deepEqual(pixelOf(image, 1, 1), [0, 0, 255, 1]);
    }
  });

  it('is served whatever follows its first frame', async () => {
    const whole = gif({ left: 0, top: 0, side: 16, colour: 3 });
    const odd = Buffer.concat([whole.subarray(0, -1), Buffer.from([0, 0, 0x2c])]);
    assert.deepEqual(pixelOf(await files.decoded(odd), 1, 1), [0, 0, 255, 1]);
  });

  it('whose first frame has no pixels, or data for fewer than it says, is refused', async () => {
    assert.match(await files.refusal(gif({ left: 0, top: 0, side: 0, colour: 1 })), /^corrupt_image/);
    const whole = gif({ left: 0, top: 0, side: 16, colour: 3 });
    // A sub-block of no length ends the data.
    const block = whole.indexOf(Buffer.from([0x2c])) + 11;
    const short = Buffer.concat([
      whole.subarray(0, block),
      Buffer.from([4]),
      whole.subarray(block + 1, block + 5),
      Buffer.from([0, 0x3b]),
    ]);
    assert.match(await files.refusal(short), /^corrupt_image/);
  });

  it('of any size and as many colours as it likes counts as whole', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
    for (const side of [1, 7, 90, 300]) {
      const source = sharp({
        create: { width: side, height: side + 3, channels: 3, background: '#888', noise },
      });
      assert.equal(await files.refusal(await source.gif().toBuffer()), 'served');
    }
  });

  it('whose first frame is damaged is refused', async () => {
    const whole = gif({ left: 0, top: 0, side: 16, colour: 3 }, small);
    assert.match(await files.refusal(whole.subarray(0, 60)), /^corrupt_image/);
  });
});

describe('an animated PNG', () => {
  const control = (frames: number) => {
    const content = Buffer.alloc(8);
    content.writeUInt32BE(frames, 0);
    return pngChunk('acTL', content);
  };

  async function animated(frames: number, pictureIsFrame: boolean): Promise<Buffer> {
    const png = await sharp({ create: { width: 6, height: 4, channels: 3, background: '#c84' } })
      .png()
      .toBuffer();
    const pixels = png.indexOf('IDAT') - 4;
    const frame = pictureIsFrame ? [pngChunk('fcTL', Buffer.alloc(26))] : [];
    return Buffer.concat([png.subarray(0, pixels), control(frames), ...frame, png.subarray(pixels)]);
  }

  it('counts its frames, and the picture itself where that is none of them', async () => {
    assert.equal((await files.header(await animated(4, true))).pages, 4);
    assert.equal((await files.header(await animated(4, false))).pages, 5);
    assert.equal((await files.header(await animated(1, true))).pages, 1);
    assert.deepEqual(pixelOf(await files.decoded(await animated(4, true)), 2, 2), [204, 136, 68, 1]);
  });
});
