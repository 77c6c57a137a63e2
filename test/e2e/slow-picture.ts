import sharp from 'sharp';
import { imageForm } from './pictures.js';

/**
 * A form whose upscale takes a second on a fast processor, and some on others: many small tiles, most of each a margin. What a test needs that has
 * to do something while a job is at work.
 */
export async function slowForm(side = 1000): Promise<FormData> {
  const image = await sharp({ create: { width: side, height: side, channels: 3, background: '#7090b0' } })
    .png()
    .toBuffer();
  return imageForm(image, { tile_size: '64', tile_overlap: '32', timeout: '300' }, 'slow.png');
}
