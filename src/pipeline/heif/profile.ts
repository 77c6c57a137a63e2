import sharp from 'sharp';
import type { Cicp } from '../colour/cicp.js';
import { DISPLAY_P3 } from './colour.js';

let displayP3: Promise<Buffer | undefined> | undefined;

/** The ICC profile of code points that `checkColour` has accepted; undefined for sRGB. */
export async function profileOf(cicp: Cicp | undefined): Promise<Buffer | undefined> {
  if (cicp?.primaries !== DISPLAY_P3) return undefined;
  // The profile of libvips, read once from an image that libvips tagged.
  displayP3 ??= sharp({ create: { width: 1, height: 1, channels: 3, background: '#000' } })
    .withIccProfile('p3')
    .png()
    .toBuffer()
    .then((png) => sharp(png).metadata())
    .then(({ icc }) => icc);
  return displayP3;
}
