import type { Directory } from '../../containers/tiff-directory.js';
import type { FileFacts } from '../../image-facts.js';
import { unsupported } from '../../refusals.js';

const BITS = 258;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const ROWS_PER_STRIP = 278;
const SAMPLES = 277;
const PLANAR = 284;
const TILE_WIDTH = 322;
const EXTRA_SAMPLES = 338;
const INK_SET = 332;
const SAMPLE_FORMAT = 339;
const PROFILE = 34675;
const YCBCR_COEFFICIENTS = 529;
const YCBCR_SUBSAMPLING = 530;
const REFERENCE_BLACK_WHITE = 532;

const JPEG = 7;
const WHITE_IS_ZERO = 0;
const BLACK_IS_ZERO = 1;
const RGB = 2;
const PALETTE = 3;
const CMYK = 5;
const YCBCR = 6;

/**
 * Compressions that libtiff decodes here: none, CCITT, LZW, JPEG, deflate, PackBits, ThunderScan, NeXT, SGI LogLuv,
 * deflate's old number, WebP.
 */
const READABLE: ReadonlySet<number> = new Set([
  1, 2, 3, 4, 5, 7, 8, 32766, 32771, 32773, 32809, 32946, 34676, 34677, 50001,
]);
const COMPRESSION_NAMES: Readonly<Record<number, string>> = {
  6: 'old-style JPEG',
  9: 'JBIG',
  10: 'JBIG',
  33003: 'JPEG 2000',
  33005: 'JPEG 2000',
  34661: 'JBIG',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34892: 'lossy JPEG (DNG)',
  34925: 'LZMA',
  50000: 'ZSTD',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
};
const PHOTOMETRIC_NAMES: Readonly<Record<number, string>> = {
  4: 'a transparency mask',
  8: 'CIE L*a*b* colours',
  9: 'CIE L*a*b* colours (ICC)',
  10: 'CIE L*a*b* colours (ITU)',
  32844: 'LogL samples',
  32845: 'LogLuv colours',
};

/** Colour samples per pixel, by photometric interpretation. */
const COLOURS: Readonly<Record<number, number>> = {
  [WHITE_IS_ZERO]: 1,
  [BLACK_IS_ZERO]: 1,
  [RGB]: 3,
  [PALETTE]: 1,
  [CMYK]: 4,
  [YCBCR]: 3,
};
/** Channels that sharp accepts at most, of any kind. */
const MAX_CHANNELS = 5;

/** ExtraSamples (TIFF 6.0, section 18). */
const ASSOCIATED_ALPHA = 1;
const UNASSOCIATED_ALPHA = 2;

const JPEG_COEFFICIENTS = [0.299, 0.587, 0.114] as const;
const FULL_RANGE = [0, 255, 128, 255, 128, 255] as const;

/**
 * Refuses kinds of TIFF that libvips shows wrongly or not at all, and returns facts that libvips does not pass on.
 * @param page directory of the first page.
 * @throws TesseraError unsupported_image, naming the kind.
 */
export function tiffKind(page: Directory): FileFacts {
  const compression = page.number(COMPRESSION) ?? 1;
  if (!READABLE.has(compression)) {
    const name = COMPRESSION_NAMES[compression] ?? `an unknown method (${compression})`;
    throw unsupported(
      `TIFF images with ${name} compression`,
      'Save the picture again, with LZW compression for example.',
    );
  }
  const photometric = page.number(PHOTOMETRIC) ?? BLACK_IS_ZERO;
  const colours = COLOURS[photometric];
  if (colours === undefined) {
    const name = PHOTOMETRIC_NAMES[photometric] ?? `an unknown kind of pixels (${photometric})`;
    throw unsupported(`TIFF images with ${name}`);
  }
  const bits = page.numbers(BITS);
  const samples = page.number(SAMPLES) ?? 1;
  checkSamples(bits.length === 0 ? [1] : bits, page.number(SAMPLE_FORMAT) ?? 1, samples);
  if (photometric === CMYK && (page.number(INK_SET) ?? 1) !== 1)
    throw unsupported('TIFF images of inks other than CMYK');
  checkPlanes(page, photometric, samples);
  if (samples > MAX_CHANNELS) throw unsupported(`TIFF images of ${samples} channels`);
  return {
    ...alphaOf(page, colours, samples, bits[0] ?? 1),
    ...(photometric === YCBCR && compression !== JPEG ? ycbcrOf(page, bits[0] ?? 8) : {}),
  };
}

function checkSamples(bits: readonly number[], format: number, samples: number): void {
  const [first] = bits;
  if (first === undefined || bits.some((each) => each !== first))
    throw unsupported(`TIFF images of ${bits.join(', ')} bits per channel`);
  if (format === 1 ? ![1, 2, 4, 8, 16].includes(first) : true) {
    const kind = format === 2 ? 'signed ' : format === 3 ? 'floating-point ' : format > 3 ? 'unusual ' : '';
    throw unsupported(`TIFF images of ${first}-bit ${kind}samples`);
  }
  if (first < 8 && samples > 1) throw unsupported(`TIFF images of ${samples} channels of ${first} bits each`);
}

/**
 * libvips joins the rows of several planes correctly for RGB and CMYK; for others it takes rows from the wrong plane
 * (8.18.7). It reads no tiled planes.
 */
function checkPlanes(page: Directory, photometric: number, samples: number): void {
  if ((page.number(PLANAR) ?? 1) !== 2 || samples === 1) return;
  const advice = 'Save the picture again with the channels of each pixel together ("chunky", "interleaved").';
  if (page.has(TILE_WIDTH)) throw unsupported('Tiled TIFF images with a plane for each channel', advice);
  const oneRowEach = page.number(ROWS_PER_STRIP) === 1;
  if (photometric !== RGB && photometric !== CMYK && !oneRowEach)
    throw unsupported('TIFF images of grey or YCbCr with a plane for each channel', advice);
}

function alphaOf(page: Directory, colours: number, samples: number, bits: number): FileFacts {
  const extra = page.numbers(EXTRA_SAMPLES);
  // An extra sample that the file does not name, or calls unspecified, is a mask or a spot colour, not alpha.
  const index = extra.findIndex((kind) => kind === ASSOCIATED_ALPHA || kind === UNASSOCIATED_ALPHA);
  if (index < 0 || samples <= colours) return { alphaChannel: 'none' };
  if (extra[index] === ASSOCIATED_ALPHA && index > 0)
    throw unsupported('TIFF images with associated alpha behind another channel');
  if (colours === COLOURS[CMYK] && bits === 16) throw unsupported('TIFF images of 16-bit CMYK with alpha');
  // CMYK becomes RGB, one channel fewer; grey becomes RGB, two more.
  return { alphaChannel: 3 + index };
}

/** libjpeg converts JPEG inside TIFF to RGB, and libtiff converts subsampled colours. All other samples come as they are. */
function ycbcrOf(page: Directory, bits: number): FileFacts {
  const subsampling = page.numbers(YCBCR_SUBSAMPLING);
  const subsampled = (subsampling[0] ?? 2) !== 1 || (subsampling[1] ?? 2) !== 1;
  if (subsampled) {
    if (page.has(TILE_WIDTH) || bits !== 8)
      throw unsupported('Tiled TIFF images with subsampled YCbCr colours');
    return { alphaChannel: 'none' };
  }
  if (bits !== 8) throw unsupported(`TIFF images with ${bits}-bit YCbCr colours`);
  if (page.has(PROFILE)) throw unsupported('TIFF images with a profile of YCbCr colours');
  const [red = 0, green = 0, blue = 0] = numbersOr(page, YCBCR_COEFFICIENTS, JPEG_COEFFICIENTS);
  return {
    ycbcr: {
      coefficients: [red, green, blue],
      reference: numbersOr(page, REFERENCE_BLACK_WHITE, FULL_RANGE),
    },
  };
}

function numbersOr(page: Directory, tag: number, fallback: readonly number[]): readonly number[] {
  const numbers = page.numbers(tag);
  return numbers.length === fallback.length && numbers.every(Number.isFinite) ? numbers : fallback;
}
