import { cicpSpace, refuseHdr } from '../colour/cicp.js';
import type { Bytes } from '../scan/bytes.js';
import { unsupported } from './refusals.js';

/** Coding-independent code points: the meaning of the samples (ITU-T H.273). */
export interface Cicp {
  readonly primaries: number;
  readonly transferCharacteristics: number;
  readonly matrixCoefficients: number;
  readonly fullRange: boolean;
}

/** Primaries of SD television, which are close to sRGB's. */
const NEAR_SRGB: ReadonlySet<number> = new Set([5, 6, 7]);
export const DISPLAY_P3 = 12;

/** @param colr content of a `colr` box of the kind `nclx` (ISO/IEC 14496-12, 12.1.5). */
export function readNclx(colr: Bytes): Cicp {
  return {
    primaries: colr.u16(4),
    transferCharacteristics: colr.u16(6),
    matrixCoefficients: colr.u16(8),
    fullRange: colr.u8(10) >> 7 === 1,
  };
}

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
  throw unsupported(
    `HEIC images with colour primaries ${primaries} and transfer function ${transfer} (ITU-T H.273) are not supported. Save the picture again as sRGB or Display P3, or with an ICC profile.`,
  );
}
