import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import sharp from 'sharp';
import { decode } from '../../src/pipeline/input/decode.js';
import { readHeader } from '../../src/pipeline/input/header.js';
import { sequenceSamples } from '../hostile/inputs/avif-sequence.js';
import { limits } from './stage.js';

it('serves the still picture of an AVIF sequence, and counts its frames', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tessera-avis-'));
  try {
    const path = join(folder, 'source');
    const still = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#c86432' } })
      .avif({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer();
    // Its major brand, as encoders of animations write it, and a track of three frames.
    still.write('avis', 8, 'latin1');
    const sequence = sequenceSamples(3, true);
    const track = sequence.subarray(sequence.readUInt32BE(0));
    await writeFile(path, Buffer.concat([still, track]));
    const header = await readHeader(path, limits);
    assert.deepEqual([header.format, header.width, header.height, header.pages], ['avif', 40, 30, 3]);
    const { colour } = await decode(path, header, { metadata: false, profiles: undefined }, limits, 60);
    const [red = 0, green = 0, blue = 0] = colour.data;
    assert.ok(Math.abs(red - 200) < 4 && Math.abs(green - 100) < 4 && Math.abs(blue - 50) < 4);
  } finally {
    await rm(folder, { recursive: true });
  }
});
