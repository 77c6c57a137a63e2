import { type Cicp, cicpSpace, refuseHdr } from '../colour/cicp.js';
import { unsupportedImage } from '../refusals.js';

/** Primaries of SD television, which are close to sRGB's. */
const NEAR_SRGB: ReadonlySet<number> = new Set([5, 6, 7]);
export const DISPLAY_P3 = 12;

/**
 * Refuses HDR, and samples that are not sRGB and have no profile.
 * @param hasProfile whether the file has a profile, which takes precedence over `cicp`.
 * @throws TesseraError unsupported_image.
 */
export function checkColour(cicp: Cicp | undefined, hasProfile: boolean): void {
  if (cicp === undefined) return;
  const { primaries, transferCharacteristics: transfer } = cicp;
  refuseHdr(transfer, 'HEIC');
  if (hasProfile) return;
  const space = cicpSpace(primaries, transfer, 'HEIC');
  if (space === undefined || primaries === DISPLAY_P3) return;
  if (space.curve === 'srgb' && NEAR_SRGB.has(primaries)) return;
  throw unsupportedImage(
    `HEIC images with colour primaries ${primaries} and transfer function ${transfer} (ITU-T H.273) are not supported. Save the picture again as sRGB or Display P3, or with an ICC profile.`,
  );
}
