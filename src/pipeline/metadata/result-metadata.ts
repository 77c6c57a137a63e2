import type { NotKept } from '../../domain/types.js';
import { type Corrections, correctedExif } from './exif.js';
import { joinedXmp } from './extended-xmp.js';
import type { ResultMetadata, SourceMetadata } from './image-metadata.js';
import { correctedXmp, xmpText } from './xmp.js';

/** Metadata of a result, and what it lacks although the source has it. */
interface CarriedMetadata {
  readonly metadata: ResultMetadata;
  readonly notKept: readonly NotKept[];
}

/** Facts about a decoded picture that metadata depends on. */
interface Decoded {
  readonly metadata: SourceMetadata;
  /** Undefined: its colours are sRGB. */
  readonly icc: Buffer | undefined;
  /** Its profile was to be kept and cannot be. */
  readonly profileLost: boolean;
}

/**
 * Makes the metadata of a source true of its result. Unreadable metadata might rotate the picture again, and is left
 * out.
 * @param size of the result, in pixels. @param dpi its resolution, in place of the source's.
 */
export function carriedMetadata(
  { metadata: source, icc, profileLost }: Decoded,
  size: { readonly width: number; readonly height: number },
  dpi?: number,
): CarriedMetadata {
  const resolution = dpi === undefined ? source.resolution : { x: dpi, y: dpi };
  const full: Corrections = { ...size, resolution, srgb: icc === undefined };
  const exif = source.exif === undefined ? undefined : correctedExif(source.exif, full);
  const xmp = source.xmp === undefined ? undefined : wholeXmp(source.xmp, source.extendedXmp, full);
  const notKept: NotKept[] = [];
  if (source.exifUnreadable || (source.exif !== undefined && exif === undefined)) notKept.push('exif');
  if (source.xmp !== undefined && xmp?.whole !== true) notKept.push('xmp');
  if (profileLost) notKept.push('profile');
  return {
    metadata: {
      ...(resolution === undefined ? {} : { resolution }),
      ...(exif === undefined || exif.length === 0 ? {} : { exif }),
      ...(xmp === undefined ? {} : { xmp: Buffer.from(xmp.text) }),
    },
    notKept,
  };
}

/** XMP in one text. If further parts are missing, without them and not whole. */
function wholeXmp(
  xmp: Buffer,
  further: ReadonlyMap<string, Buffer> | undefined,
  corrections: Corrections,
): { text: string; whole: boolean } | undefined {
  const first = xmpText(xmp);
  if (first === undefined) return undefined;
  const parts = new Map<string, string>();
  for (const [digest, part] of further ?? []) {
    const text = xmpText(part);
    if (text !== undefined) parts.set(digest, text);
  }
  const joined = joinedXmp(first, parts);
  const text = correctedXmp(joined ?? first, corrections);
  return text === undefined ? undefined : { text, whole: joined !== undefined };
}
