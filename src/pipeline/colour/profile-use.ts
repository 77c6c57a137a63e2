import type { Metadata } from 'sharp';
import type { FileFacts } from '../image-facts.js';
import { usableProfile } from './icc-profile.js';
import type { ColourTransform } from './transform.js';

/** How the profile of an image is used: by sharp, or by a transform of our own afterwards. */
interface ProfileUse {
  readonly colourspace: 'srgb' | 'rgb16' | 'grey16';
  readonly ignoreFirst: boolean;
  readonly toSrgbLast: boolean;
  readonly transform: ColourTransform | undefined;
}

/**
 * Chooses one exact transform from the embedded profile to sRGB. sharp transforms 8-bit RGB and CMYK, at the
 * beginning. Its transform of 16 bits leads to Display P3, or leaves grey alone, and lcms' tables are up to 19 levels
 * off for dark colours of 16 bits and for grey. So curves and primaries are computed here, and for other profiles
 * sharp's last step, to sRGB, starts from the embedded profile.
 * @param found by sharp.
 * @param kept whether samples stay as they are.
 */
export function profileUse({ depth, icc, space }: Metadata, facts: FileFacts, kept: boolean): ProfileUse {
  const sixteenBit = depth === 'ushort';
  const plain: ProfileUse = {
    colourspace: sixteenBit ? 'rgb16' : 'srgb',
    ignoreFirst: kept || facts.ycbcr !== undefined,
    toSrgbLast: false,
    transform: undefined,
  };
  const grey = space === 'grey16' || space === 'b-w';
  const ours = grey || space === 'rgb16';
  if (plain.ignoreFirst || icc === undefined || !ours) return plain;
  const profile = usableProfile(icc, grey ? 'GRAY' : 'RGB ');
  if (typeof profile === 'object') return { ...plain, ignoreFirst: true, transform: profile };
  if (!sixteenBit) return plain;
  const tables = profile === 'tables';
  return {
    ...plain,
    colourspace: grey && tables ? 'grey16' : 'rgb16',
    ignoreFirst: true,
    toSrgbLast: tables,
  };
}
