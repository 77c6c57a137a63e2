import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode as decodeElsewhere } from 'bmp-ts';
import { TesseraError } from '../../src/domain/errors.js';
import { decodeBmp, readBmpHeader } from '../../src/pipeline/input/bmp.js';
import { bmp16, bmp24, bmp32, bmpPalette, bmpRunLength } from './bmp-files.js';

async function pixelsOf(file: Buffer) {
  return decodeBmp(file, readBmpHeader(file));
}

const black = [0, 0, 0] as const;
const gold = [250, 200, 40] as const;
const blue = [10, 20, 230] as const;

describe('BMP', () => {
  it('reads 24 bits, rows from the bottom or from the top', async () => {
    const colourAt = (x: number, y: number) => [x * 20, y * 30, 7] as const;
    const expected = Array.from({ length: 15 }, (_, at) => [...colourAt(at % 5, Math.floor(at / 5))]).flat();
    assert.deepEqual([...(await pixelsOf(bmp24(5, 3, colourAt))).data], expected);
    assert.deepEqual([...(await pixelsOf(bmp24(5, 3, colourAt, true))).data], expected);
  });

  it('agrees with bmp-ts, an independent reader, on a larger picture', async () => {
    const file = bmp24(37, 23, (x, y) => [(x * 7) & 255, (y * 11) & 255, (x * y) & 255]);
    const other = decodeElsewhere(file, { toRGBA: true });
    const rgb = Uint8Array.from(
      { length: 37 * 23 * 3 },
      (_, at) => other.data[Math.floor(at / 3) * 4 + (at % 3)] ?? 0,
    );
    assert.deepEqual((await pixelsOf(file)).data, rgb);
  });

  it('takes 32 bits without an alpha mask as opaque, and with one as RGBA', async () => {
    const plain = await pixelsOf(bmp32(2, 1, (x) => (x === 0 ? 0x00ff8001 : 0x7f020304), []));
    assert.equal(plain.channels, 3);
    assert.deepEqual([...plain.data], [255, 128, 1, 2, 3, 4]);
    const masked = await pixelsOf(bmp32(1, 1, () => 0x40ff8001, [0xff0000, 0xff00, 0xff, 0xff000000]));
    assert.equal(masked.channels, 4);
    assert.deepEqual([...masked.data], [255, 128, 1, 0x40]);
    const swapped = await pixelsOf(bmp32(1, 1, () => 0x000102ff, [0xff, 0xff00, 0xff0000]));
    assert.deepEqual([...swapped.data], [255, 2, 1]);
  });

  it('spreads 5 bits over the whole range', async () => {
    assert.deepEqual(
      [...(await pixelsOf(bmp16(3, 1, (x) => [0x7fff, 0x7c00, 16][x] ?? 0))).data],
      [255, 255, 255, 255, 0, 0, 0, 0, 132],
    );
  });

  it('expands palettes of 1, 4 and 8 bits, at odd widths too', async () => {
    for (const bits of [1, 4, 8] as const) {
      const file = bmpPalette(13, 3, bits, [gold, blue], (x, y) => (x + y) % 2);
      const expected = Array.from({ length: 39 }, (_, at) => [
        ...(((at % 13) + Math.floor(at / 13)) % 2 === 0 ? gold : blue),
      ]).flat();
      assert.deepEqual([...(await pixelsOf(file)).data], expected, `${bits} bits`);
    }
  });

  it('begins where the header says that the pixels begin', async () => {
    const file = bmp24(2, 1, (x) => (x === 0 ? gold : blue));
    const gap = Buffer.concat([file.subarray(0, 54), Buffer.alloc(10, 99), file.subarray(54)]);
    gap.writeUInt32LE(64, 10);
    assert.deepEqual([...(await pixelsOf(gap)).data], [...gold, ...blue]);
  });

  it('unpacks run lengths: runs, absolute runs with padding, jumps and the end', async () => {
    // Bottom row: three of 1, then absolute 2, 1, 2 and a pad byte; next row after a jump of one pixel: two of 2.
    const file = bmpRunLength(
      6,
      2,
      8,
      [black, gold, blue],
      [3, 1, 0, 3, 2, 1, 2, 0, 0, 0, 0, 2, 1, 0, 2, 2, 0, 1],
    );
    assert.deepEqual(
      [...(await pixelsOf(file)).data],
      [black, blue, blue, black, black, black, gold, gold, gold, blue, gold, blue].flatMap((colour) => [
        ...colour,
      ]),
    );
    const nibbles = bmpRunLength(5, 1, 4, [black, gold, blue], [5, 0x12, 0, 1]);
    assert.deepEqual(
      [...(await pixelsOf(nibbles)).data],
      [gold, blue, gold, blue, gold].flatMap((colour) => [...colour]),
    );
  });

  it('draws nothing of a run that leaves its row, and goes on behind it', async () => {
    for (const codes of [
      [5, 1, 0, 0, 9, 2, 0, 1],
      [0, 5, 1, 1, 1, 1, 1, 0, 0, 0, 200, 2, 0, 1],
      [2, 1, 0, 2, 250, 0, 3, 2, 0, 0, 2, 2, 0, 1],
    ]) {
      const file = bmpRunLength(2, 2, 8, [black, gold, blue], codes);
      assert.deepEqual([...(await pixelsOf(file)).data], [...blue, ...blue, ...gold, ...gold], `${codes}`);
    }
    const nibbles = bmpRunLength(
      3,
      2,
      4,
      [black, gold, blue],
      [9, 0x12, 0, 0, 0, 5, 0x21, 0x21, 0x20, 0, 0, 1],
    );
    assert.deepEqual(
      [...(await pixelsOf(nibbles)).data],
      [blue, gold, blue, gold, blue, gold].flatMap((colour) => [...colour]),
    );
  });

  it('refuses what is cut off, before room for the pixels is made', async () => {
    const whole = bmp24(40, 30, () => gold);
    for (const share of [0.01, 0.1, 0.5, 0.9, 0.999]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      await assert.rejects(
        pixelsOf(cut),
        (error) => error instanceof TesseraError && error.code === 'corrupt_image',
      );
    }
    const huge = Buffer.from(whole);
    huge.writeInt32LE(2_000_000_000, 18);
    await assert.rejects(
      pixelsOf(huge),
      (error) => error instanceof TesseraError && error.code === 'corrupt_image',
    );
  });
});
