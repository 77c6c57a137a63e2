import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { imageForm, photo } from './pictures.js';
import { startServer } from './server-process.js';

/** First bytes by which each format is known. */
const MAGIC: Readonly<Record<string, Buffer>> = {
  jpeg: Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
  png: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
  gif: Buffer.from('GIF89a'),
  webp: Buffer.concat([Buffer.from('RIFF'), Buffer.from([0xff, 0, 0, 0]), Buffer.from('WEBPVP8 ')]),
  tiffLittle: Buffer.from([0x49, 0x49, 0x2a, 0]),
  tiffBig: Buffer.from([0x4d, 0x4d, 0, 0x2a]),
  bmp: Buffer.concat([Buffer.from('BM'), Buffer.from([0, 0x10, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0])]),
  avif: Buffer.concat([
    Buffer.from([0, 0, 0, 0x1c]),
    Buffer.from('ftypavif'),
    Buffer.alloc(4),
    Buffer.from('avifmif1'),
  ]),
};

/** What is sent, with the statuses that are right for it. */
interface BadInput {
  readonly what: string;
  readonly body: Buffer;
  readonly statuses: readonly number[];
  readonly name?: string;
}

test('no bad input is a 5xx, and none leaves a file', async (t) => {
  const server = await startServer(t, { MAX_INPUT_MEGAPIXELS: '20' });
  const [engine] = (await server.health()).engine.processes;
  const inputs = [...(await cutOff()), ...randomAfterMagic(), ...(await bombs()), ...(await oddities())];
  const send = async ({ what, body, statuses, name }: BadInput) => {
    const response = await fetch(`${server.origin}/upscale?scale=1.5`, {
      method: 'POST',
      body: imageForm(body, {}, name ?? 'photo.jpg'),
    });
    const text = Buffer.from(await response.arrayBuffer()).toString('latin1');
    assert.ok(statuses.includes(response.status), `${what}: ${response.status} ${text.slice(0, 300)}`);
    if (response.status < 400) return;
    const problem = JSON.parse(text) as Record<string, unknown>;
    assert.match(String(problem.detail), /^[A-Z].*[.)]$/, what);
    // The sentence is about the image, not about our folders or libraries.
    assert.doesNotMatch(text, /\/tmp|\/source|load_buffer|VipsJpeg|Error:/i, what);
  };
  for (let at = 0; at < inputs.length; at += 4) await Promise.all(inputs.slice(at, at + 4).map(send));
  const after = await server.health();
  assert.equal(after.engine.restarts, 0);
  assert.equal(after.engine.processes[0]?.pid, engine?.pid);
  await server.clean();
});

/** Good images of every format, cut off at every tenth. Some formats can be read without their end. */
async function cutOff(): Promise<BadInput[]> {
  const source = sharp(await photo(40, 160, 120));
  const whole: Record<string, Buffer> = {
    jpeg: await source.clone().jpeg().toBuffer(),
    progressive: await source.clone().jpeg({ progressive: true }).toBuffer(),
    png: await source.clone().png().toBuffer(),
    webp: await source.clone().webp().toBuffer(),
    lossless: await source.clone().webp({ lossless: true }).toBuffer(),
    tiff: await source.clone().tiff({ compression: 'deflate' }).toBuffer(),
    gif: await source.clone().gif().toBuffer(),
    avif: await source.clone().avif({ effort: 0 }).toBuffer(),
    bmp: bmp(160, 120, Buffer.alloc(160 * 120 * 3, 90)),
  };
  return Object.entries(whole).flatMap(([format, image]) =>
    Array.from({ length: 10 }, (_, tenth) => ({
      what: `${format} cut off at ${tenth * 10} %`,
      body: image.subarray(0, Math.floor((image.length * tenth) / 10)),
      statuses: [400],
    })),
  );
}

function randomAfterMagic(): BadInput[] {
  return Object.entries(MAGIC).flatMap(([format, magic]) =>
    [1, 2, 3].map((seed) => ({
      what: `random bytes ${seed} after the magic of ${format}`,
      body: Buffer.concat([magic, noise(`${format}${seed}`, 20_000)]),
      statuses: [400, 413],
    })),
  );
}

/** Small files that claim, or unfold into, far more pixels than are accepted. */
async function bombs(): Promise<BadInput[]> {
  const flat = sharp({
    create: { width: 5000, height: 5000, channels: 3, background: '#000' },
    limitInputPixels: false,
  });
  const tooLarge = (what: string, body: Buffer): BadInput => ({ what, body, statuses: [413] });
  return [
    tooLarge('a PNG bomb', await flat.clone().png({ palette: true, compressionLevel: 9 }).toBuffer()),
    tooLarge('a PNG that claims 20000 × 20000', hugePng(20_000)),
    { what: 'a PNG that claims 2 billion pixels a side', body: hugePng(2_000_000_000), statuses: [400, 413] },
    tooLarge('a JPEG bomb', await flat.clone().jpeg({ quality: 1 }).toBuffer()),
    tooLarge('a WebP bomb', await flat.clone().webp({ quality: 1, effort: 0 }).toBuffer()),
    tooLarge('a TIFF bomb', await flat.clone().tiff({ compression: 'deflate' }).toBuffer()),
    tooLarge('a GIF bomb', gifHeader(65_535, 65_535)),
    tooLarge('an AVIF bomb', resizedAvif(await avifOf(64, 64), 5000, 5000)),
    tooLarge('a BMP that claims 5000 × 5000', bmp(5000, 5000, Buffer.alloc(100))),
    { what: 'a BMP of negative size', body: bmp(-5, 5, Buffer.alloc(100)), statuses: [400, 413] },
    { what: 'a BMP of no size', body: bmp(0, 0, Buffer.alloc(100)), statuses: [400] },
    {
      what: 'a BMP with 2^31 pixels a side',
      body: bmp(2 ** 31 - 1, 2 ** 31 - 1, Buffer.alloc(100)),
      statuses: [400, 413],
    },
  ];
}

async function oddities(): Promise<BadInput[]> {
  const image = await photo(41, 40, 30);
  const refused = (what: string, body: Buffer | string, name?: string): BadInput => ({
    what,
    body: Buffer.from(body),
    statuses: [400],
    ...(name === undefined ? {} : { name }),
  });
  return [
    { what: 'a PNG called .txt', body: image, statuses: [200], name: 'photo.txt' },
    {
      what: 'a PNG called .jpg in another folder',
      body: image,
      statuses: [200],
      name: '../../etc/passwd.jpg',
    },
    { what: '60000 × 1', body: await strip(60_000, 1), statuses: [200, 413] },
    { what: '1 × 60000', body: await strip(1, 60_000), statuses: [200, 413] },
    { what: 'one pixel', body: await strip(1, 1), statuses: [200] },
    refused('nothing', ''),
    refused('one byte', 'x'),
    refused('text', 'This is no image. '.repeat(500)),
    refused('SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>', 'a.svg'),
    refused(
      'SVG that reads a file',
      '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
    ),
    refused('PDF', '%PDF-1.7\n1 0 obj\n<<>>\nendobj\n', 'a.pdf'),
    refused('HTML', '<!doctype html><script>alert(1)</script>', 'a.html'),
    refused('ZIP', Buffer.concat([Buffer.from('PK\u0003\u0004'), noise('zip', 500)])),
    refused(
      'HEIC',
      Buffer.concat([
        Buffer.from([0, 0, 0, 0x18]),
        Buffer.from('ftypheic'),
        Buffer.alloc(4),
        Buffer.from('mif1heic'),
        noise('heic', 500),
      ]),
    ),
    refused('PPM', 'P6\n4 4\n255\n'.padEnd(80, 'x')),
    refused('libvips’ own format', Buffer.concat([Buffer.from([0xb6, 0xa6, 0xf2, 0x08]), Buffer.alloc(500)])),
    refused('MATLAB', 'MATLAB 5.0 MAT-file'.padEnd(500)),
    refused('FITS', 'SIMPLE  =                    T'.padEnd(2880)),
  ];
}

async function strip(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#369' } })
    .png()
    .toBuffer();
}

async function avifOf(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#369' } })
    .avif({ effort: 0 })
    .toBuffer();
}

/** An AVIF whose `ispe` box claims another size than its pixels have. */
function resizedAvif(image: Buffer, width: number, height: number): Buffer {
  const copy = Buffer.from(image);
  for (let at = copy.indexOf('ispe'); at >= 0; at = copy.indexOf('ispe', at + 1)) {
    copy.writeUInt32BE(width, at + 8);
    copy.writeUInt32BE(height, at + 12);
  }
  return copy;
}

function gifHeader(width: number, height: number): Buffer {
  const head = Buffer.from('GIF89a\0\0\0\0\0\0\0', 'latin1');
  head.writeUInt16LE(width, 6);
  head.writeUInt16LE(height, 8);
  const frame = Buffer.from(',\0\0\0\0\0\0\0\0\0', 'latin1');
  frame.writeUInt16LE(width, 5);
  frame.writeUInt16LE(height, 7);
  return Buffer.concat([head, frame, Buffer.from([2, 2, 0x4c, 1, 0, 0x3b])]);
}

function hugePng(side: number): Buffer {
  const size = Buffer.alloc(13);
  size.writeUInt32BE(side, 0);
  size.writeUInt32BE(side, 4);
  size.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    MAGIC.png ?? Buffer.alloc(0),
    pngChunk('IHDR', size),
    pngChunk('IDAT', deflateSync(Buffer.alloc(1000))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** PNG specification, annex D. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** An uncompressed 24-bit bitmap, whatever its header claims. */
function bmp(width: number, height: number, pixels: Buffer): Buffer {
  const head = Buffer.alloc(54);
  head.write('BM');
  head.writeUInt32LE(54 + pixels.length, 2);
  head.writeUInt32LE(54, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(24, 28);
  return Buffer.concat([head, pixels]);
}

/** Bytes that look random and are the same each time. */
function noise(seed: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
    createHash('sha256').update(`${seed}/${index}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}
