import { inflateSync } from 'node:zlib';
import { cicpSpace } from '../colour/cicp.js';
import { profileColours } from '../colour/icc-profile.js';
import { type Chromaticity, type RgbSpace, SRGB } from '../colour/rgb-space.js';
import type { Bytes } from '../containers/bytes.js';
import { unsupported } from '../refusals.js';

/** Factor of numbers in `gAMA` and `cHRM`. */
const SCALE = 100_000;
/** Gammas that mean sRGB: 1/2.2, rounded in several ways. */
const DEFAULT_GAMMA = 0.4545;
const GAMMA_TOLERANCE = 0.005;
/** Tolerance of sRGB's chromaticities, as programs round them. */
const TOLERANCE = 0.003;
/** Bounds of a plausible gamma: beyond them a picture would be black or white. */
const MAX_GAMMA = 10;

const LENGTHS: Readonly<Record<string, number>> = { cICP: 4, gAMA: 4, cHRM: 32 };

/** The scan has already refused larger ones. */
const MAX_PROFILE_BYTES = 16_000_000;

/** Name of a profile that means PQ (W3C Note "Using the ITU BT.2100 PQ EOTF with the PNG Format"). */
const PQ_PROFILE = 'ITUR_2100_PQ_FULL';

/**
 * Colour information in the chunks before the pixels (PNG specification, third edition, 11.3.2). `cICP` and `iCCP`
 * take precedence over `sRGB`, and `sRGB` over the others.
 */
export class PngColour {
  #cicp: readonly [primaries: number, transfer: number] | undefined;
  #profile = false;
  #srgb = false;
  #gamma: number | undefined;
  #chromaticities: readonly number[] | undefined;

  /**
   * @param type of any chunk.
   * @throws TesseraError unsupported_image for a profile that means HDR.
   */
  note(type: string, data: Bytes): void {
    // Decoders ignore a chunk that is too short; it must not end the walk.
    if (data.length < (LENGTHS[type] ?? 0)) return;
    if (type === 'cICP') this.#cicp = readCicp(data);
    if (type === 'sRGB') this.#srgb = true;
    if (type === 'gAMA') this.#gamma = data.u32(0) / SCALE;
    if (type === 'cHRM')
      this.#chromaticities = Array.from({ length: 8 }, (_, index) => data.u32(index * 4) / SCALE);
    if (type !== 'iCCP') return;
    if (data.startsWith(PQ_PROFILE))
      throw unsupported(
        'HDR images (PNG with a PQ profile)',
        'Save the picture again in a standard dynamic range.',
      );
    this.#profile ||= isReadable(data);
  }

  /**
   * @returns undefined for sRGB, and where a profile decides.
   * @throws TesseraError unsupported_image for HDR.
   */
  space(): RgbSpace | undefined {
    if (this.#cicp !== undefined) {
      const space = cicpSpace(...this.#cicp, 'PNG');
      return this.#profile ? undefined : space;
    }
    if (this.#profile || this.#srgb) return undefined;
    const curve = curveOf(this.#gamma);
    const primaries = primariesOf(this.#chromaticities);
    return curve === 'srgb' && primaries === SRGB ? undefined : { ...primaries, curve };
  }
}

function readCicp(data: Bytes): readonly [primaries: number, transfer: number] {
  if (data.u8(3) === 0)
    throw unsupported(
      'PNG images of narrow range (cICP)',
      'Save the picture again with samples of full range.',
    );
  return [data.u8(0), data.u8(1)];
}

/** Whether an `iCCP` chunk holds a profile. Decoders ignore a damaged one, and then the other chunks count. */
function isReadable(data: Bytes): boolean {
  const content = data.read(0, data.length);
  try {
    const icc = inflateSync(content.subarray(content.indexOf(0) + 2), { maxOutputLength: MAX_PROFILE_BYTES });
    return profileColours(icc) !== undefined;
  } catch {
    return false;
  }
}

function curveOf(gamma: number | undefined): RgbSpace['curve'] {
  if (gamma === undefined || gamma > MAX_GAMMA || gamma < 1 / MAX_GAMMA) return 'srgb';
  return Math.abs(gamma - DEFAULT_GAMMA) < GAMMA_TOLERANCE ? 'srgb' : 1 / gamma;
}

function primariesOf(numbers: readonly number[] | undefined): Omit<RgbSpace, 'curve'> {
  if (numbers === undefined) return SRGB;
  const [wx = 0, wy = 0, rx = 0, ry = 0, gx = 0, gy = 0, bx = 0, by = 0] = numbers;
  const [white, red, green, blue]: Chromaticity[] = [
    [wx, wy],
    [rx, ry],
    [gx, gy],
    [bx, by],
  ];
  if (white === undefined || red === undefined || green === undefined || blue === undefined) return SRGB;
  const usual = [SRGB.white, SRGB.red, SRGB.green, SRGB.blue].flat();
  if (numbers.every((number, index) => Math.abs(number - (usual[index] ?? 0)) < TOLERANCE)) return SRGB;
  // Three primaries on one line, or a colour without brightness, form no space.
  const area = Math.abs((gx - rx) * (by - ry) - (bx - rx) * (gy - ry));
  return area < 0.001 || Math.min(wy, ry, gy, by) <= 0 ? SRGB : { white, red, green, blue };
}
