import { textElement } from '../element.js';
import { Slots } from '../jobs/slots.js';

/** Decoding takes memory: one picture at a time. */
const decoding = new Slots(1);
const never = new AbortController().signal;
const LONG_SIDE_PX = 320;

/**
 * Draws a small version of a picture twice into `thumb`: grey below, in colour above, so that progress can uncover the colour.
 * For a type that this browser cannot decode, it shows the ending of the name instead.
 */
export async function drawThumbnail(thumb: HTMLElement, picture: Blob, name: string): Promise<void> {
  await decoding.take(never);
  try {
    const bitmap = await createImageBitmap(picture);
    const factor = Math.min(1, LONG_SIDE_PX / Math.max(bitmap.width, bitmap.height));
    for (let layer = 0; layer < 2; layer += 1) {
      const canvas = document.createElement('canvas');
      canvas.width = Math.max(1, Math.round(bitmap.width * factor));
      canvas.height = Math.max(1, Math.round(bitmap.height * factor));
      const context = canvas.getContext('2d');
      if (context === null) break;
      context.imageSmoothingQuality = 'high';
      context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      thumb.append(canvas);
    }
    bitmap.close();
  } catch {
    const type = textElement('span', (/\.([a-z0-9]{1,5})$/i.exec(name)?.[1] ?? 'file').toUpperCase());
    type.className = 'thumb-type';
    thumb.append(type);
  } finally {
    decoding.release();
  }
}
