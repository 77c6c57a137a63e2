import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { decoding } from './decoding.js';

const files = await decoding();

const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
const picture = sharp({ create: { width: 200, height: 160, channels: 3, background: '#888', noise } });

/** A JPEG without 400 bytes of its pixels. */
function lacking(jpeg: Buffer): Buffer {
  const scan = jpeg.indexOf(Buffer.from([0xff, 0xda]));
  const at = scan + ((jpeg.length - scan) >> 1);
  return Buffer.concat([jpeg.subarray(0, at), jpeg.subarray(at + 400)]);
}

describe('a JPEG', () => {
  it('with stray bytes between its parts, or behind its end, is served as it is', async () => {
    const jpeg = await picture.clone().jpeg().toBuffer();
    const whole = await files.decoded(jpeg);
    const end = jpeg.length - 2;
    const scan = jpeg.indexOf(Buffer.from([0xff, 0xda]));
    for (const file of [
      Buffer.concat([jpeg, Buffer.from('a message behind the end')]),
      Buffer.concat([jpeg.subarray(0, end), Buffer.from('stray'), jpeg.subarray(end)]),
      Buffer.concat([jpeg.subarray(0, scan), Buffer.from('stray'), jpeg.subarray(scan)]),
    ])
      assert.deepEqual((await files.decoded(file)).colour.data, whole.colour.data);
  });

  it('that lacks bytes in its middle is refused: libjpeg would show grey in their place', async () => {
    assert.match(await files.refusal(lacking(await picture.clone().jpeg().toBuffer())), /^corrupt_image: /);
  });

  it('that lacks its last rows or more is refused, in grey and with all its colours too', async () => {
    for (const kind of [picture.clone().greyscale(), picture.clone()])
      for (const share of [0.5, 0.9, 0.975]) {
        const jpeg = await kind.clone().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer();
        const cut = Buffer.concat([
          jpeg.subarray(0, Math.floor(jpeg.length * share)),
          Buffer.from([0xff, 0xd9]),
        ]);
        assert.match(await files.refusal(cut), /^corrupt_image: /, `${share} of it`);
      }
  });

  it('with stray bytes is served also where its colours come in several scans', async () => {
    const jpeg = await picture.clone().jpeg({ progressive: true }).toBuffer();
    const end = jpeg.length - 2;
    const stray = Buffer.concat([jpeg.subarray(0, end), Buffer.from('stray'), jpeg.subarray(end)]);
    assert.equal(await files.refusal(stray), 'served');
  });

  it('of an unknown Adobe transform, which libjpeg warns of, is served', async () => {
    const jpeg = await picture.clone().jpeg().toBuffer();
    const adobe = Buffer.concat([
      Buffer.from([0xff, 0xee, 0, 14]),
      Buffer.from('Adobe\0\x64\0\0\0\0\x07', 'latin1'),
    ]);
    assert.equal(
      await files.refusal(Buffer.concat([jpeg.subarray(0, 2), adobe, jpeg.subarray(2)])),
      'served',
    );
  });

  it('cut off is refused', async () => {
    const jpeg = await picture.clone().jpeg().toBuffer();
    assert.match(await files.refusal(jpeg.subarray(0, Math.floor(jpeg.length * 0.7))), /^corrupt_image: /);
  });

  it('is judged by its own pixels while another one that is damaged is decoded beside it', async () => {
    const whole = await picture.clone().jpeg().toBuffer();
    const damaged = lacking(whole);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => files.refusal(index % 2 === 0 ? whole : damaged)),
    );
    for (const [index, answer] of answers.entries()) if (index % 2 === 0) assert.equal(answer, 'served');
  });
});
