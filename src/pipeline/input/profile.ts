import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Metadata } from 'sharp';
import type { UpscaleOptions } from '../../domain/types.js';
import { type ProfileColours, profileColours } from '../colour/icc-profile.js';

const HEADER_BYTES = 128;
/** Larger data is no profile of RGB or grey; JPEG holds 16.6 MB. */
const MAX_PROFILE_BYTES = 16_000_000;

/**
 * The profile of a source whose samples stay as they are. A network that was trained on sRGB works on any RGB,
 * whatever the primaries, but not on CMYK and Lab.
 * @param kept the profiles that the result can have.
 * @returns undefined when the samples are to be converted to sRGB.
 */
export function keptProfile(
  { icc, channels }: Pick<Metadata, 'icc' | 'channels'>,
  kept: readonly ProfileColours[],
): Buffer | undefined {
  if (icc === undefined || icc.length <= HEADER_BYTES || icc.length > MAX_PROFILE_BYTES) return undefined;
  const colours = profileColours(icc);
  // Grey with alpha may become a colour picture, on a background.
  const fits = colours === 'RGB ' ? channels >= 3 : colours === 'GRAY' && channels === 1;
  return fits && kept.some((each) => each === colours) ? icc : undefined;
}

/**
 * The profiles that a result may have by its options; undefined where sRGB was requested. Results in WebP and AVIF,
 * or possibly in WebP, are never grey, so a grey profile has no meaning in them.
 */
export function profilesToKeep({
  profile,
  format,
  accept,
}: UpscaleOptions): readonly ProfileColours[] | undefined {
  if (profile !== 'keep') return undefined;
  const mayBeWebp = format === 'auto' && accept.some((type) => type.toLowerCase() === 'image/webp');
  return format === 'webp' || format === 'avif' || mayBeWebp ? ['RGB '] : ['RGB ', 'GRAY'];
}

/**
 * Converts a colour of sRGB into a profile, so that it looks the same.
 * @param icc undefined: sRGB.
 * @param folder for a temporary file of the profile, because lcms reads it from a file.
 */
export async function inProfile(
  colour: readonly [number, number, number],
  icc: Buffer | undefined,
  folder: string,
): Promise<readonly [number, number, number]> {
  if (icc === undefined) return colour;
  const [r, g, b] = colour;
  const path = join(folder, 'profile.icc');
  await writeFile(path, icc, { mode: 0o600 });
  try {
    const pixel = await sharp({ create: { width: 1, height: 1, channels: 3, background: { r, g, b } } })
      .withIccProfile(path)
      .raw()
      .toBuffer();
    return [pixel[0] ?? r, pixel[1] ?? g, pixel[2] ?? b];
  } finally {
    await unlink(path);
  }
}
