/** Writers of PNG files that no honest program makes; by the PNG specification, third edition. */

import { deflateSync } from 'node:zlib';
import { repeated } from './repeated.js';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (CRC_TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** A chunk of a PNG file with its length and checksum. */
export function pngChunk(type: string, content: Buffer): Buffer {
  const chunk = Buffer.alloc(content.length + 12);
  chunk.writeUInt32BE(content.length, 0);
  chunk.write(type, 4, 'latin1');
  content.copy(chunk, 8);
  chunk.writeUInt32BE(crc(chunk.subarray(4, -4)), chunk.length - 4);
  return chunk;
}

function header(width: number, height: number, depth: number, colourType: number): Buffer {
  const content = Buffer.alloc(13);
  content.writeUInt32BE(width, 0);
  content.writeUInt32BE(height, 4);
  content[8] = depth;
  content[9] = colourType;
  return pngChunk('IHDR', content);
}

const END = pngChunk('IEND', Buffer.alloc(0));

/** A grey picture of 16 x 16 pixels with other chunks between its header and its pixels. */
function withChunks(chunks: readonly Buffer[]): Buffer {
  const pixels = pngChunk('IDAT', deflateSync(Buffer.alloc(17 * 16)));
  return Buffer.concat([SIGNATURE, header(16, 16, 8, 0), ...chunks, pixels, END]);
}

/** Texts that inflate a thousandfold, one after the other. */
export function inflatingTexts(type: 'zTXt' | 'iTXt', chunks: number, inflatedBytes: number): Buffer {
  const text = deflateSync(Buffer.alloc(inflatedBytes, 0x61), { level: 9 });
  const key = type === 'zTXt' ? 'Comment\0\0' : 'Comment\0\x01\0\0\0';
  return withChunks([repeated(pngChunk(type, Buffer.concat([Buffer.from(key, 'latin1'), text])), chunks)]);
}

/** A profile with a true header, whose rest are zeros that inflate a thousandfold. */
export function inflatingProfile(inflatedBytes: number): Buffer {
  const profile = Buffer.alloc(inflatedBytes);
  profile.writeUInt32BE(inflatedBytes, 0);
  profile.writeUInt32BE(0x04000000, 8);
  profile.write('mntrGRAYXYZ ', 12, 'latin1');
  profile.write('acsp', 36, 'latin1');
  // The illuminant D50, which libpng insists on.
  profile.writeUInt32BE(0xf6d6, 68);
  profile.writeUInt32BE(0x10000, 72);
  profile.writeUInt32BE(0xd32d, 76);
  const compressed = deflateSync(profile, { level: 9 });
  return withChunks([pngChunk('iCCP', Buffer.concat([Buffer.from('p\0\0', 'latin1'), compressed]))]);
}

/** ImageMagick's way to hide EXIF, or another profile, in a text: hexadecimal digits that inflate a thousandfold. */
export function rawProfileText(name: string, inflatedBytes: number): Buffer {
  const digits = Buffer.concat([
    Buffer.from(`\n${name}\n${String(inflatedBytes).padStart(8)}\n`),
    Buffer.alloc(inflatedBytes * 2, 0x30),
  ]);
  const key = Buffer.from(`Raw profile type ${name}\0\0`, 'latin1');
  return withChunks([pngChunk('zTXt', Buffer.concat([key, deflateSync(digits, { level: 9 })]))]);
}

/** An eXIf chunk with the given EXIF, which begins with its byte order. */
export function exifChunk(exif: Buffer): Buffer {
  return withChunks([pngChunk('eXIf', exif)]);
}

/** Small chunks of one kind by the hundred thousand, each with its own checksum. */
export function manyChunks(type: string, chunks: number, content = Buffer.from('k\0v')): Buffer {
  return withChunks([repeated(pngChunk(type, content), chunks)]);
}

/** Texts of one letter, each with a key of its own: the reader keeps a list of them. */
export function manyTexts(chunks: number): Buffer {
  return withChunks(
    Array.from({ length: chunks }, (_, index) => pngChunk('tEXt', Buffer.from(`k${index}\0v`))),
  );
}

/** One plain text of many megabytes. */
export function hugeText(bytes: number): Buffer {
  return withChunks([pngChunk('tEXt', Buffer.concat([Buffer.from('Comment\0'), Buffer.alloc(bytes, 0x61)]))]);
}

/** Empty IDAT chunks by the hundred thousand before the pixels. */
export function emptyPixelChunks(chunks: number): Buffer {
  return withChunks([repeated(pngChunk('IDAT', Buffer.alloc(0)), chunks)]);
}

/** A palette of more than 256 colours. */
export function hugePalette(colours: number): Buffer {
  return withChunks([pngChunk('PLTE', Buffer.alloc(colours * 3))]);
}

/** A picture of legal size whose pixels, all zero, are compressed a thousandfold. */
export function blackPicture(side: number, depth: 1 | 8 | 16, interlaced = false): Buffer {
  const rowBytes = Math.ceil((side * depth) / 8) + 1;
  // Interlaced pixels come in seven passes; an extra row for each holds what they add.
  const pixels = deflateSync(Buffer.alloc(rowBytes * side * (interlaced ? 2 : 1)), { level: 9 });
  const start = Buffer.from(header(side, side, depth, 0).subarray(8, 21));
  start[12] = interlaced ? 1 : 0;
  return Buffer.concat([SIGNATURE, pngChunk('IHDR', start), pngChunk('IDAT', pixels), END]);
}

/** A picture of 16 x 16 pixels whose pixel stream inflates to far more than they take. */
export function surplusPixels(inflatedBytes: number): Buffer {
  const pixels = deflateSync(Buffer.alloc(inflatedBytes), { level: 9 });
  return Buffer.concat([SIGNATURE, header(16, 16, 8, 0), pngChunk('IDAT', pixels), END]);
}

/** An animated PNG of very many frames of 16 x 16 pixels. */
export function animationFrames(frames: number): Buffer {
  const control = Buffer.alloc(8);
  control.writeUInt32BE(frames, 0);
  const pixels = deflateSync(Buffer.alloc(17 * 16));
  const chunks = [pngChunk('acTL', control)];
  const after: Buffer[] = [];
  for (let frame = 0; frame < frames; frame += 1) {
    const frameControl = Buffer.alloc(26);
    frameControl.writeUInt32BE(Math.max(0, frame * 2 - 1), 0);
    frameControl.writeUInt32BE(16, 4);
    frameControl.writeUInt32BE(16, 8);
    if (frame === 0) {
      chunks.push(pngChunk('fcTL', frameControl), pngChunk('IDAT', pixels));
      continue;
    }
    const sequence = Buffer.alloc(4);
    sequence.writeUInt32BE(frame * 2, 0);
    after.push(pngChunk('fcTL', frameControl), pngChunk('fdAT', Buffer.concat([sequence, pixels])));
  }
  return Buffer.concat([SIGNATURE, header(16, 16, 8, 0), ...chunks, ...after, END]);
}
