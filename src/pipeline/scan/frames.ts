import { walkBoxes } from '../containers/boxes.js';
import { Budget } from '../containers/budget.js';
import type { Bytes } from '../containers/bytes.js';

/** Version and flags, the common frame size, the number of frames. */
const TABLE_HEAD_BYTES = 12;

/**
 * Frames of the longest track of an image sequence (ISO/IEC 14496-12, 8.7.3, `stsz`); 0 without one.
 * @param bytes a file whose boxes are within the scan's bounds.
 */
export function framesOf(bytes: Bytes): number {
  let frames = 0;
  walkBoxes(bytes, new Budget('HEIF', bytes.length, 'boxes'), ({ type, content }) => {
    if (type !== 'stsz' || content.length < TABLE_HEAD_BYTES) return;
    const [sameBytes, count] = [content.u32(4), content.u32(8)];
    // As many as fit, whatever the table claims.
    const room = sameBytes === 0 ? (content.length - TABLE_HEAD_BYTES) / 4 : bytes.length / sameBytes;
    frames = Math.max(frames, Math.min(count, Math.floor(room)));
  });
  return frames;
}
