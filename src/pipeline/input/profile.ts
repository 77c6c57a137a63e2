import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Metadata } from 'sharp';
import type { UpscaleOptions } from '../../domain/types.js';
import type { ProfileColours } from '../colour/icc-profile.js';

const HEADER_BYTES = 128;
const COLOURS_AT = 16;
const SIGNATURE_AT = 36;
/** More is no profile of RGB or grey; JPEG holds 16.6 MB. */
const MAX_PROFILE_BYTES = 16_000_000;

/**
 * The profile of a source whose samples are left as they are: RGB for a network that knows sRGB is RGB, whatever the primaries. CMYK and
 * Lab are not.
 * @param kept the profiles that the result can have. @returns undefined when the samples are to be converted to sRGB.
 */
export function keptProfile(
  { icc, channels }: Pick<Metadata, 'icc' | 'channels'>,
  kept: readonly ProfileColours[],
): Buffer | undefined {
  if (icc === undefined || icc.length <= HEADER_BYTES || icc.length > MAX_PROFILE_BYTES) return undefined;
  if (icc.toString('latin1', SIGNATURE_AT, SIGNATURE_AT + 4) !== 'acsp') return undefined;
  const colours = icc.toString('latin1', COLOURS_AT, COLOURS_AT + 4);
  // Grey with alpha may become a colour picture, on a background.
  const fits = colours === 'RGB ' ? channels >= 3 : colours === 'GRAY' && channels === 1;
  return fits && kept.some((each) => each === colours) ? icc : undefined;
}

/**
 * The profiles that a result may have by its options; undefined where sRGB was asked for. WebP and AVIF, and what may become WebP, are
 * never grey, so that a grey profile has no meaning in them.
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
 * A colour of sRGB as a profile has it, so that it looks the same among that profile's.
 * @param icc undefined: sRGB. @param folder where the profile is put for the moment: lcms reads it from a file.
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
