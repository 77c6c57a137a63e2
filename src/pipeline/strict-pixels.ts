import type { FailOnOptions, Sharp } from 'sharp';
import type { InputFormat } from '../types.js';

/** Interleaved samples as sharp gives them. */
export interface DecodedPixels {
  readonly data: Buffer;
  readonly info: { readonly width: number; readonly height: number; readonly channels: number };
}

/**
 * Warnings that mean missing pixels: a tile of a TIFF (libvips), blocks of a JPEG (libjpeg). Others are harmless: unknown tags, stray bytes
 * between the parts of a JPEG. Bits of a JPEG that were changed are mostly codes of other blocks, which no decoder notices.
 */
const MISSING_PIXELS =
  /error in tile|bad Huffman code|bad arithmetic code|premature end of data segment|instead of RST/;

/** What sharp says where a warning alone ended a decode. */
const MERE_WARNING = 'Warning treated as error';

/**
 * Decodes a picture whole or not at all. libvips fills what it cannot read with black and reports a warning: for some formats at each level
 * of strictness below `warning`, at which it refuses harmless oddities as well. So TIFF is tried at `warning` first, and whatever has a telling
 * warning once more at that level. (sharp's list of warnings is shared by all pictures of the process: one alone proves nothing.)
 * @param at sharp's pipeline up to raw pixels, made anew for each try.
 * @throws sharp's error.
 */
export async function strictPixels(
  format: InputFormat,
  at: (failOn: FailOnOptions) => Sharp,
): Promise<DecodedPixels> {
  if (format === 'tiff') {
    try {
      return await at('warning').toBuffer({ resolveWithObject: true });
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith(MERE_WARNING))) throw error;
      if (MISSING_PIXELS.test(error.message)) throw error;
    }
  }
  const warnings: string[] = [];
  const image = at('error');
  image.on('warning', (warning: string) => warnings.push(warning));
  const pixels = await image.toBuffer({ resolveWithObject: true });
  if (!warnings.some((warning) => MISSING_PIXELS.test(warning))) return pixels;
  return at('warning').toBuffer({ resolveWithObject: true });
}
