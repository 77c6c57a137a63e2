import { Bytes, EndOfBytes } from '../containers/bytes.js';
import { Directory, entriesOf, layoutOf, RATIONAL } from '../containers/tiff-directory.js';
import { exifBlock } from './exif.js';
import type { Resolution } from './image-metadata.js';

export const CENTIMETRES_IN_INCH = 2.54;
export const METRES_IN_INCH = 0.0254;

const X_RESOLUTION = 282;
const Y_RESOLUTION = 283;
const RESOLUTION_UNIT = 296;
const INCH = 2;
const CENTIMETRE = 3;

/** One pixel per millimetre, which libvips, and so sharp, writes for an unknown resolution. */
const LIBVIPS_UNKNOWN = 25.4;

/** Bounds of a plausible resolution. */
const LEAST = 1;
const MOST = 65_535;

/**
 * @returns undefined unless both sides are within 1 and 65,535 pixels per inch, and not libvips' value for an unknown
 * resolution.
 */
export function resolutionOf(x: number, y: number): Resolution | undefined {
  if ([x, y].every((side) => Math.abs(side - LIBVIPS_UNKNOWN) < 0.001)) return undefined;
  return [x, y].every((side) => side >= LEAST && side <= MOST) ? { x, y } : undefined;
}

/** Resolution from the tags of a TIFF file or of EXIF. */
export function resolutionOfTiff(bytes: Bytes): Resolution | undefined {
  try {
    const layout = layoutOf(bytes);
    if (layout === undefined || !layout.known) return undefined;
    const entries = [...entriesOf(bytes, layout.firstAt, layout)];
    const first = new Directory(bytes, entries, layout.littleEndian);
    const unit = first.number(RESOLUTION_UNIT) ?? INCH;
    const toInch = unit === INCH ? 1 : unit === CENTIMETRE ? CENTIMETRES_IN_INCH : 0;
    const perInch = (tag: number) =>
      first.entry(tag)?.type === RATIONAL ? (first.number(tag) ?? 0) * toInch : 0;
    return resolutionOf(perInch(X_RESOLUTION), perInch(Y_RESOLUTION));
  } catch (thrown) {
    if (thrown instanceof EndOfBytes) return undefined;
    throw thrown;
  }
}

/** Resolution from EXIF, with or without its name before it. */
export function resolutionOfExif(exif: Buffer): Resolution | undefined {
  return resolutionOfTiff(Bytes.of(exifBlock(exif)));
}
