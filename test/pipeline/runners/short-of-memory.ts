import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { decode } from '../../../src/pipeline/input/decode.js';
import { restrictLoaders } from '../../../src/pipeline/input/loaders.js';
import { memoryError } from '../../../src/pipeline/raster/out-of-memory.js';

/**
 * Decodes a sound picture whose pixels (3 GB) do not fit into the address space that the test allows this process, and says what came
 * of it.
 */
const [WIDTH, HEIGHT] = [32_000, 31_000];

function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** One colour, in a palette of one bit: small in the file, and three bytes a pixel once decoded. */
function palettePng(): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(WIDTH, 0);
  header.writeUInt32BE(HEIGHT, 4);
  header.set([1, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from([200, 30, 90, 0, 0, 0])),
    chunk('IDAT', deflateSync(Buffer.alloc((1 + WIDTH / 8) * HEIGHT), { level: 1 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

restrictLoaders(1);
const path = join(process.argv[2] ?? '', 'large.png');
writeFileSync(path, palettePng());
const limits = { maxInputPixels: 1e9, maxOutputPixels: 1e9, maxAvifPixels: 1e6 };

const header = {
  format: 'png',
  width: WIDTH,
  height: HEIGHT,
  hasAlpha: false,
  sixteenBit: false,
  pages: 1,
} as const;
try {
  await decode(path, header, { metadata: false, profiles: undefined }, limits, 60);
  console.log('decoded');
} catch (thrown) {
  const error = memoryError(thrown);
  console.log(error instanceof Error ? error.name : String(error));
}
