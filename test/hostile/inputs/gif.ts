/** Writers of GIF files that no honest program makes; by GIF89a. */

import { repeated } from './repeated.js';

const TRAILER = Buffer.from([0x3b]);

function screen(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(13 + 6);
  bytes.write('GIF89a', 0, 'latin1');
  bytes.writeUInt16LE(width, 6);
  bytes.writeUInt16LE(height, 8);
  bytes[10] = 0x80;
  bytes.set([128, 64, 32, 0, 0, 0], 13);
  return bytes;
}

/** An image of the given size with one pixel of data: clear, the index 0, end. */
function frame(width: number, height: number, left = 0): Buffer {
  const bytes = Buffer.alloc(10);
  bytes[0] = 0x2c;
  bytes.writeUInt16LE(left, 1);
  bytes.writeUInt16LE(width, 5);
  bytes.writeUInt16LE(height, 7);
  return Buffer.concat([bytes, Buffer.from([2, 2, 0x44, 0x01, 0])]);
}

const CONTROL = Buffer.from([0x21, 0xf9, 4, 0, 10, 0, 0, 0]);

/** Frames of one pixel by the hundred thousand, with or without a delay each. */
export function manyFrames(frames: number, withDelays = true, side = 16): Buffer {
  const each = withDelays ? Buffer.concat([CONTROL, frame(1, 1)]) : frame(1, 1);
  return Buffer.concat([screen(side, side), repeated(each, frames), TRAILER]);
}

/** Frames without a pixel. */
export function emptyFrames(frames: number): Buffer {
  return Buffer.concat([screen(16, 16), frame(1, 1), repeated(frame(0, 0), frames), TRAILER]);
}

/** A screen of one pixel with frames far larger than it, or far beside it. */
export function framesBeyondScreen(frames: number, side: number): Buffer {
  return Buffer.concat([screen(1, 1), repeated(frame(side, side), frames), TRAILER]);
}

/** Comments of one letter, or delays without a picture, by the hundred thousand. */
export function manyExtensions(kind: 'comment' | 'control' | 'application', extensions: number): Buffer {
  const blocks = {
    comment: Buffer.from([0x21, 0xfe, 1, 0x63, 0]),
    control: CONTROL,
    application: Buffer.concat([
      Buffer.from([0x21, 0xff, 11]),
      Buffer.from('NETSCAPE2.0'),
      Buffer.from([3, 1, 0, 0, 0]),
    ]),
  };
  return Buffer.concat([screen(16, 16), repeated(blocks[kind], extensions), frame(16, 16), TRAILER]);
}

/** One comment, or the pixels of one frame, in pieces of one byte. */
export function tinyPieces(where: 'comment' | 'pixels', pieces: number): Buffer {
  const piece = Buffer.from([1, 0]);
  const many = Buffer.concat([repeated(piece, pieces), Buffer.from([0])]);
  if (where === 'comment')
    return Buffer.concat([screen(16, 16), Buffer.from([0x21, 0xfe]), many, frame(16, 16), TRAILER]);
  return Buffer.concat([screen(16, 16), frame(16, 16).subarray(0, 11), many, TRAILER]);
}
