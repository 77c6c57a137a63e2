import { walkBoxes } from '../scan/boxes.js';
import type { Bytes } from '../scan/bytes.js';
import { Budget } from '../scan/excess.js';

/**
 * Frames of the longest track of an image sequence (ISO/IEC 14496-12, 8.7.3, `stsz`); 0 where there is none.
 * @param bytes a file that the scan has let pass. @throws EndOfBytes.
 */
export function framesOf(bytes: Bytes): number {
  let frames = 0;
  walkBoxes(bytes, new Budget('HEIC', bytes.length, 'boxes'), ({ type, content }) => {
    if (type !== 'stsz') return;
    const [sameBytes, count] = [content.u32(4), content.u32(8)];
    // As many as there is room for, whatever the table claims.
    const room = sameBytes === 0 ? (content.length - 12) / 4 : bytes.length / sameBytes;
    frames = Math.max(frames, Math.min(count, Math.floor(room)));
  });
  return frames;
}
