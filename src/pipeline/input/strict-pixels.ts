import type { FailOnOptions, Sharp } from 'sharp';
import type { InputFormat } from '../../domain/types.js';

/** Interleaved samples from sharp. */
interface DecodedPixels {
  readonly data: Buffer;
  readonly info: { readonly width: number; readonly height: number; readonly channels: number };
}

/**
 * Warnings that mean missing pixels, by format. In a JPEG, stray bytes are harmless before its end or before the
 * pixels, and elsewhere a sign of lost blocks. Where libjpeg counts several warnings, only the first is reported, so
 * several count as the worst. Changed bits are mostly codes of other blocks, which no decoder notices.
 */
const MISSING_PIXELS: Readonly<Partial<Record<InputFormat, RegExp>>> = {
  jpeg: /premature end|extraneous bytes before marker 0x(?!d9)|read gave (?!1 )\d+ warnings|bad (Huffman|arithmetic) code|instead of RST/,
  tiff: /error in tile|premature end|extraneous bytes|bad code word|premature EOL|line length mismatch/i,
};

const STRAY_BYTES = /extraneous bytes before marker/;

/**
 * Messages of sharp when a warning alone may have ended a decode. Real errors of a TIFF have their own text; warnings
 * of a JPEG look like errors.
 */
const WARNING_AS_ERROR: Readonly<Partial<Record<InputFormat, RegExp>>> = {
  jpeg: /^(Warning treated as error|VipsJpeg: )/,
  tiff: /^Warning treated as error/,
};

const TRIES = 3;

/**
 * Decodes a picture completely or not at all. libvips fills unreadable parts with black or grey and only warns; at
 * its strictest level it also refuses harmless oddities. So JPEG and TIFF are tried at the strictest level first. If
 * that fails, or warns of missing pixels, they are tried again below it, and the picture is complete if it warns of
 * harmless things alone. sharp's list of warnings is shared by all pictures of the process: warnings of another
 * picture may appear, or be lost to it, which several tries distinguish.
 * @param strayBytes known to precede the pixels.
 * @param at sharp's pipeline up to raw pixels, made anew for each try.
 * @throws sharp's error; an error that quotes the warning.
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
    // A failed picture has warnings. If none is here, another picture took them.
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
