import type { Metadata } from 'sharp';
import type { FileFacts } from '../scan/facts.js';
import { isUsableProfile } from './icc-profile.js';

/** How sharp is to use the profile of an image. */
export interface ProfileUse {
  readonly colourspace: 'srgb' | 'rgb16' | 'grey16';
  readonly ignoreFirst: boolean;
  readonly toSrgbLast: boolean;
}

/**
 * One exact transform from the embedded profile to sRGB. 8 bits and CMYK go through sharp's own, at the beginning. Of 16 bits that one leads to
 * Display P3 (RGB), or is left out (grey), so it is skipped, and the one to sRGB at the end starts from the embedded profile.
 * @param found by sharp. @param kept whether samples are to stay as they are.
 */
export function profileUse({ depth, icc, space }: Metadata, facts: FileFacts, kept: boolean): ProfileUse {
  const ignoreFirst = kept || facts.ycbcr !== undefined;
  if (depth !== 'ushort') return { colourspace: 'srgb', ignoreFirst, toSrgbLast: false };
  const grey = space === 'grey16';
  if (kept || icc === undefined || (!grey && space !== 'rgb16'))
    return { colourspace: 'rgb16', ignoreFirst, toSrgbLast: false };
  const fits = isUsableProfile(icc, grey ? 'GRAY' : 'RGB ');
  return { colourspace: grey && fits ? 'grey16' : 'rgb16', ignoreFirst: true, toSrgbLast: fits };
}
