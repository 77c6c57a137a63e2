import type { Bytes } from '../scan/bytes.js';
import { unsupported } from './refusals.js';

/** Coding-independent code points: what the samples mean (ITU-T H.273). */
export interface Cicp {
  readonly primaries: number;
  readonly transferCharacteristics: number;
  readonly matrixCoefficients: number;
  readonly fullRange: boolean;
}

/** Transfer characteristics of high dynamic range, which no 8-bit sRGB can show as they are. */
const HDR: ReadonlyMap<number, string> = new Map([
  [16, 'PQ'],
  [18, 'HLG'],
]);
/**
 * Taken for sRGB, as everyone does: unspecified, the cameras' curves of BT.709, 601 and 2020 whose pictures are shown by a display's own,
 * gamma 2.2, xvYCC, sRGB.
 */
const SRGB_TRANSFERS: ReadonlySet<number> = new Set([1, 2, 4, 6, 11, 13, 14, 15]);
/** BT.709, unspecified, and those of SD television, which lie close to it. */
const SRGB_PRIMARIES: ReadonlySet<number> = new Set([1, 2, 5, 6, 7]);
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
 * Refuses samples that are neither sRGB nor can be brought there by a profile.
 * @param hasProfile the file has a profile of its own, which says more than `cicp`.
 * @throws TesseraError unsupported_image.
 */
export function checkColour(cicp: Cicp | undefined, hasProfile: boolean): void {
  if (cicp === undefined) return;
  const { primaries, transferCharacteristics: transfer } = cicp;
  const hdr = HDR.get(transfer);
  if (hdr !== undefined)
    throw unsupported(
      `This HEIC image is HDR (${hdr}), which is not supported; the camera or a photo application can save it in standard dynamic range.`,
    );
  if (hasProfile) return;
  if (!SRGB_TRANSFERS.has(transfer) || !(SRGB_PRIMARIES.has(primaries) || primaries === DISPLAY_P3))
    throw unsupported(
      `This HEIC image has colours of a kind that is not supported (primaries ${primaries} and transfer characteristics ${transfer} of H.273); accepted are sRGB, Display P3 and what an ICC profile describes.`,
    );
}
