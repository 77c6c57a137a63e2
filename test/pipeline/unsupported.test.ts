import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { pngChunk } from '../hostile/inputs/png.js';
import { bmp24 } from './bmp-files.js';
import { decoding } from './decoding.js';

const files = await decoding();

const picture = sharp({ create: { width: 32, height: 24, channels: 3, background: '#486' } });

/** A JPEG whose frame header says something else. */
async function jpegWith(marker: number, bits: number): Promise<Buffer> {
  const jpeg = await picture.clone().jpeg().toBuffer();
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  jpeg.writeUInt8(marker, frame + 1);
  jpeg.writeUInt8(bits, frame + 4);
  return jpeg;
}

describe('an intact picture of a kind that is not supported is refused by the name of its kind', () => {
  it('JPEG of 12 bits, lossless and hierarchical JPEG', async () => {
    assert.match(await files.refusal(await jpegWith(0xc1, 12)), /^unsupported_image: JPEG images of 12 bits/);
    assert.match(await files.refusal(await jpegWith(0xc3, 8)), /^unsupported_image: Lossless JPEG/);
    assert.match(await files.refusal(await jpegWith(0xc5, 8)), /^unsupported_image: Hierarchical JPEG/);
    const heightLater = await jpegWith(0xc0, 8);
    heightLater.writeUInt16BE(0, heightLater.indexOf(Buffer.from([0xff, 0xc0])) + 5);
    assert.match(await files.refusal(heightLater), /^unsupported_image: .*DNL/);
  });

  it("Apple's PNG for applications", async () => {
    const png = await picture.clone().png().toBuffer();
    const file = Buffer.concat([png.subarray(0, 8), pngChunk('CgBI', Buffer.alloc(4)), png.subarray(8)]);
    assert.match(await files.refusal(file), /^unsupported_image: PNG .*CgBI/);
  });

  it("BMP of OS/2's compression, of 64 bits, of CMYK, with a JPEG inside", async () => {
    const bmp = (headerBytes: number, bits: number, compression: number) => {
      const file = bmp24(4, 4, () => [1, 2, 3]);
      file.writeUInt32LE(headerBytes, 14);
      file.writeUInt16LE(bits, 28);
      file.writeUInt32LE(compression, 30);
      return file;
    };
    assert.match(await files.refusal(bmp(64, 24, 4)), /^unsupported_image: .*RLE24/);
    assert.match(await files.refusal(bmp(64, 1, 3)), /^unsupported_image: .*Huffman/);
    assert.match(await files.refusal(bmp(40, 64, 0)), /^unsupported_image: .*64 bits/);
    assert.match(await files.refusal(bmp(40, 32, 11)), /^unsupported_image: .*CMYK/);
    assert.match(await files.refusal(bmp(40, 24, 4)), /^unsupported_image: .*JPEG or PNG inside/);
  });

  it('camera RAW that does not look like TIFF, never by its preview', async () => {
    const cr3 = Buffer.concat([
      Buffer.from('\0\0\0\x18ftypcrx \0\0\0\x01crx isom', 'latin1'),
      Buffer.alloc(100),
    ]);
    const heads: readonly (readonly [string, Buffer])[] = [
      ['CR3', cr3],
      ['RAF', Buffer.from('FUJIFILMCCD-RAW 0201')],
      ['ORF', Buffer.from('IIRO\x08\0\0\0', 'latin1')],
      ['RW2', Buffer.from('IIU\0\x18\0\0\0', 'latin1')],
      ['MRW', Buffer.from('\0MRM\0\0\0\0', 'latin1')],
      ['X3F', Buffer.from('FOVb\0\0\x02\0', 'latin1')],
      ['CR2', Buffer.from('II*\0\x10\0\0\0CR\x02\0\0\0\0\0', 'latin1')],
    ];
    for (const [kind, head] of heads) {
      const refusal = await files.refusal(Buffer.concat([head, Buffer.alloc(64)]));
      assert.match(refusal, /^unsupported_image: Camera RAW files/);
      assert.ok(refusal.includes(`(${kind})`), refusal);
    }
  });
});
