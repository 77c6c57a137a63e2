/** Writers of WebP files that no honest program makes; by the WebP container specification. */

import { repeated } from './repeated.js';

/** One pixel, lossless: the content of a VP8L chunk. */
const PIXEL = Buffer.from('2f000000000750a00216a4ff8188e87f00', 'hex');

function chunk(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 0, 'latin1');
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

function file(chunks: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(12);
  const content = Buffer.concat(chunks);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(content.length + 4, 4);
  head.write('WEBP', 8, 'latin1');
  return Buffer.concat([head, content]);
}

const HAS_PROFILE = 0x20;
const HAS_EXIF = 0x08;
const HAS_XMP = 0x04;
const HAS_ANIMATION = 0x02;

/** The extended header of a picture of `width` x `height` pixels. */
function extended(flags: number, width: number, height: number): Buffer {
  const content = Buffer.alloc(10);
  content[0] = flags;
  content.writeUIntLE(width - 1, 4, 3);
  content.writeUIntLE(height - 1, 7, 3);
  return chunk('VP8X', content);
}

/** Frames of one pixel by the hundred thousand. @param side of the canvas. */
export function manyFrames(frames: number, side = 16): Buffer {
  const head = Buffer.alloc(16);
  head.writeUIntLE(100, 12, 3);
  const frame = chunk('ANMF', Buffer.concat([head, chunk('VP8L', PIXEL)]));
  return file([extended(HAS_ANIMATION, side, side), chunk('ANIM', Buffer.alloc(6)), repeated(frame, frames)]);
}

/** Chunks of an unknown kind by the hundred thousand, before the picture or behind it. */
export function manyChunks(chunks: number, where: 'before' | 'behind'): Buffer {
  const unknown = repeated(chunk('ABCD', Buffer.from('xy')), chunks);
  const picture = chunk('VP8L', PIXEL);
  return file([extended(0, 1, 1), ...(where === 'before' ? [unknown, picture] : [picture, unknown])]);
}

/** Chunks of metadata of one kind, large or many. */
export function metadata(kind: 'ICCP' | 'EXIF' | 'XMP ', chunks: number, content: Buffer): Buffer {
  const flag = kind === 'ICCP' ? HAS_PROFILE : kind === 'EXIF' ? HAS_EXIF : HAS_XMP;
  const each = repeated(chunk(kind, content), chunks);
  const picture = chunk('VP8L', PIXEL);
  return file([extended(flag, 1, 1), ...(kind === 'ICCP' ? [each, picture] : [picture, each])]);
}

/** Unknown chunks inside one frame of an animation. */
export function chunksInFrame(chunks: number): Buffer {
  const unknown = repeated(chunk('ABCD', Buffer.from('xy')), chunks);
  const frame = chunk('ANMF', Buffer.concat([Buffer.alloc(16), chunk('VP8L', PIXEL), unknown]));
  return file([extended(HAS_ANIMATION, 16, 16), chunk('ANIM', Buffer.alloc(6)), frame]);
}
