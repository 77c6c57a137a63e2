import type { FailOnOptions, Sharp } from 'sharp';
import type { InputFormat } from '../../domain/types.js';

/** Interleaved samples as sharp gives them. */
interface DecodedPixels {
  readonly data: Buffer;
  readonly info: { readonly width: number; readonly height: number; readonly channels: number };
}

/**
 * Warnings that mean missing pixels, by format. Of a JPEG stray bytes before its end are harmless, and before anything else a sign of lost
 * blocks, unless they stand before the pixels; where libjpeg counts several warnings, only the first is told, so that they are taken for the worst.
 * Bits that were changed are mostly codes of other blocks, which no decoder notices.
 */
const MISSING_PIXELS: Readonly<Partial<Record<InputFormat, RegExp>>> = {
  jpeg: /premature end|extraneous bytes before marker 0x(?!d9)|read gave (?!1 )\d+ warnings|bad (Huffman|arithmetic) code|instead of RST/,
  tiff: /error in tile|premature end|extraneous bytes|bad code word|premature EOL|line length mismatch/i,
};

const STRAY_BYTES = /extraneous bytes before marker/;

/** What sharp says where a warning alone may have ended a decode. A TIFF's real errors have a text of their own; a JPEG's warnings look like errors. */
const WARNING_AS_ERROR: Readonly<Partial<Record<InputFormat, RegExp>>> = {
  jpeg: /^(Warning treated as error|VipsJpeg: )/,
  tiff: /^Warning treated as error/,
};

const TRIES = 3;

/**
 * Decodes a picture whole or not at all. libvips fills what it cannot read with black or grey and warns of it; at its strictest it refuses
 * harmless oddities as well. So JPEG and TIFF are tried at the strictest level first. What fails there, or warns of missing pixels, is tried again
 * below it, and counts as whole once it warns of harmless things alone. sharp's list of warnings is shared by all pictures of the process:
 * those of another one may turn up, or be lost to it, which several tries tell apart.
 * @param strayBytes known to stand before the pixels. @param at sharp's pipeline up to raw pixels, made anew for each try. @throws sharp's error; an error that quotes the warning.
 */
export async function strictPixels(
  format: InputFormat,
  strayBytes: boolean,
  at: (failOn: FailOnOptions) => Sharp,
): Promise<DecodedPixels> {
  const missing = MISSING_PIXELS[format];
  if (missing === undefined) return (await decoded(at('error'))).pixels;
  const strict = await decoded(at('warning')).catch((error: unknown) => {
    if (error instanceof Error && WARNING_AS_ERROR[format]?.test(error.message)) return undefined;
    throw error;
  });
  const isMissing = (warning: string) => missing.test(warning) && !(strayBytes && STRAY_BYTES.test(warning));
  let told = strict?.warnings.find(isMissing);
  if (strict !== undefined && told === undefined) return strict.pixels;
  for (let left = TRIES; left > 0; left -= 1) {
    const { pixels, warnings } = await decoded(at('error'));
    told = warnings.find(isMissing);
    // A picture that failed has warnings: where none is here, they were lost to another one.
    const known = strict !== undefined || warnings.length > 0;
    if (told === undefined && known) return pixels;
  }
  throw new Error(told ?? 'pixels are missing');
}

async function decoded(image: Sharp): Promise<{ pixels: DecodedPixels; warnings: readonly string[] }> {
  const warnings: string[] = [];
  image.on('warning', (warning: string) => warnings.push(warning));
  return { pixels: await image.toBuffer({ resolveWithObject: true }), warnings };
}
