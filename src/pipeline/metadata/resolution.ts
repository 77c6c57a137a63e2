import { EndOfBytes } from '../scan/bytes.js';
import { bufferSource, type Field, layoutOf, readDirectory, type TiffSource } from './directories.js';
import { exifBlock } from './exif.js';
import type { Resolution } from './image-metadata.js';

export const CENTIMETRES_IN_INCH = 2.54;
export const METRES_IN_INCH = 0.0254;

const X_RESOLUTION = 282;
const Y_RESOLUTION = 283;
const RESOLUTION_UNIT = 296;
const RATIONAL = 5;

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
export function resolutionOfTiff(source: TiffSource): Resolution | undefined {
  try {
    const layout = layoutOf(source);
    if (layout === undefined) return undefined;
    const isOurs = (tag: number) => tag === X_RESOLUTION || tag === Y_RESOLUTION || tag === RESOLUTION_UNIT;
    const { fields } = readDirectory(source, layout, layout.firstAt, {}, isOurs, { bytes: 1000 });
    const unit = fields.find(({ tag }) => tag === RESOLUTION_UNIT)?.value[0] ?? 2;
    const toInch = unit === 2 ? 1 : unit === 3 ? CENTIMETRES_IN_INCH : 0;
    const x = rational(fields, X_RESOLUTION) * toInch;
    const y = rational(fields, Y_RESOLUTION) * toInch;
    return resolutionOf(x, y);
  } catch (thrown) {
    if (thrown instanceof EndOfBytes) return undefined;
    throw thrown;
  }
}

/** Resolution from EXIF, with or without its name before it. */
export function resolutionOfExif(exif: Buffer): Resolution | undefined {
  return resolutionOfTiff(bufferSource(exifBlock(exif)));
}

/** 0 where the tag is missing or of another type. */
function rational(fields: readonly Field[], wanted: number): number {
  const field = fields.find(
    ({ tag, type, value }) => tag === wanted && type === RATIONAL && value.length >= 8,
  );
  return field === undefined ? 0 : field.value.readUInt32LE(0) / field.value.readUInt32LE(4);
}
