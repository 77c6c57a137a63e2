import type { Bytes } from '../containers/bytes.js';
import { unsupported } from '../refusals.js';
import { type Chromaticity, D65, type RgbSpace, SRGB } from './rgb-space.js';

/** Coding-independent code points: the meaning of the samples (ITU-T H.273). */
export interface Cicp {
  readonly primaries: number;
  readonly transferCharacteristics: number;
  readonly matrixCoefficients: number;
  readonly fullRange: boolean;
}

/** @param colr content of a `colr` box of the kind `nclx` (ISO/IEC 14496-12, 12.1.5). @throws EndOfBytes */
export function readNclx(colr: Bytes): Cicp {
  return {
    primaries: colr.u16(4),
    transferCharacteristics: colr.u16(6),
    matrixCoefficients: colr.u16(8),
    fullRange: colr.u8(10) >= 0x80,
  };
}

const DCI_WHITE: Chromaticity = [0.314, 0.351];
const C_WHITE: Chromaticity = [0.31, 0.316];

/** Primaries of ITU-T H.273, table 2. BT.709 (1) and unspecified (2) are sRGB's. */
const PRIMARIES: Readonly<Record<number, Omit<RgbSpace, 'curve'>>> = {
  1: SRGB,
  2: SRGB,
  4: { red: [0.67, 0.33], green: [0.21, 0.71], blue: [0.14, 0.08], white: C_WHITE },
  5: { red: [0.64, 0.33], green: [0.29, 0.6], blue: [0.15, 0.06], white: D65 },
  6: { red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07], white: D65 },
  7: { red: [0.63, 0.34], green: [0.31, 0.595], blue: [0.155, 0.07], white: D65 },
  8: { red: [0.681, 0.319], green: [0.243, 0.692], blue: [0.145, 0.049], white: C_WHITE },
  9: { red: [0.708, 0.292], green: [0.17, 0.797], blue: [0.131, 0.046], white: D65 },
  11: { red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: DCI_WHITE },
  12: { red: [0.68, 0.32], green: [0.265, 0.69], blue: [0.15, 0.06], white: D65 },
  22: { red: [0.63, 0.34], green: [0.295, 0.605], blue: [0.155, 0.077], white: D65 },
};

/**
 * Transfer curves of H.273, table 3. The curves of cameras (BT.709 and similar: 1, 6, 7, 11, 12, 14, 15) are shown as
 * sRGB's, as browsers do and as files with them intend.
 */
const CURVES: Readonly<Record<number, RgbSpace['curve']>> = {
  1: 'srgb',
  2: 'srgb',
  4: 2.2,
  5: 2.8,
  6: 'srgb',
  7: 'srgb',
  8: 1,
  11: 'srgb',
  12: 'srgb',
  13: 'srgb',
  14: 'srgb',
  15: 'srgb',
};

const HDR_CURVES: Readonly<Record<number, string>> = { 16: 'PQ', 18: 'HLG' };

const ADVICE = 'Save the picture again in a standard dynamic range, as sRGB or with an ICC profile.';

/**
 * @param format for the error.
 * @throws TesseraError unsupported_image for the curves of HDR.
 */
export function refuseHdr(transfer: number, format: string): void {
  const hdr = HDR_CURVES[transfer];
  if (hdr !== undefined)
    throw unsupported(`HDR images (${format} with the ${hdr} transfer function)`, ADVICE);
}

/**
 * The RGB space of code points, as in AVIF's `colr` box and PNG's `cICP` chunk.
 * @param format for the error.
 * @returns undefined for sRGB.
 * @throws TesseraError unsupported_image for HDR, and for code points that no picture has.
 */
export function cicpSpace(primaries: number, transfer: number, format: string): RgbSpace | undefined {
  refuseHdr(transfer, format);
  const [space, curve] = [PRIMARIES[primaries], CURVES[transfer]];
  if (space === undefined || curve === undefined)
    throw unsupported(
      `${format} images with colour primaries ${primaries} and transfer function ${transfer} (ITU-T H.273)`,
      ADVICE,
    );
  return space === SRGB && curve === 'srgb' ? undefined : { ...space, curve };
}
