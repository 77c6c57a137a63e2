import { Bytes } from '../containers/bytes.js';
import { asRational, entriesOf, layoutOf, RATIONAL, SHORT } from '../containers/tiff-directory.js';
import { type Field, serialize } from '../metadata/directories.js';
import type { Resolution, ResultMetadata } from '../metadata/image-metadata.js';
import { descriptiveDirectory } from '../metadata/tiff-exif.js';
import type { Splice } from './splice.js';

const BYTE = 1;
const X_RESOLUTION = 282;
const Y_RESOLUTION = 283;
const RESOLUTION_UNIT = 296;
const XMP = 700;
/** Values of the tag ResolutionUnit. */
const NO_UNIT = 1;
const INCH = 2;

/**
 * Writes a new directory at the end of the file, with all tags of the old one about the pixels, and with resolution,
 * XMP and EXIF, whose first directory is the file's own.
 */
export function graftTiff(file: Bytes, { resolution, exif, xmp }: ResultMetadata): Splice[] {
  const layout = layoutOf(file);
  if (layout === undefined || layout.big || !layout.littleEndian)
    throw new Error('The encoder returned no TIFF of this machine');
  // Values stay in their places in the file.
  const stored = [...entriesOf(file, layout.firstAt, layout)].map(({ at, tag, type, count }) =>
    field(tag, type, count, Buffer.from(file.read(at + 8, 4))),
  );
  const fields = new Map(stored.map((each) => [each.tag, each]));
  // This EXIF was read before, with all its bytes.
  const described =
    exif === undefined ? undefined : descriptiveDirectory(Bytes.of(exif), Number.POSITIVE_INFINITY);
  const own = [
    ...resolutionFields(resolution),
    ...(xmp === undefined ? [] : [field(XMP, BYTE, xmp.length, xmp)]),
  ];
  for (const added of [...(described?.fields ?? []), ...own]) fields.set(added.tag, added);
  const at = file.length + (file.length % 2);
  const first = Buffer.alloc(4);
  first.writeUInt32LE(at);
  const directory = { fields: [...fields.values()], below: described?.below ?? new Map() };
  return [
    { at: 4, removed: 4, bytes: first },
    {
      at: file.length,
      removed: 0,
      bytes: Buffer.concat([Buffer.alloc(at - file.length), serialize(directory, at)]),
    },
  ];
}

/** A ratio of one to one without a resolution, because TIFF requires one. */
function resolutionFields(resolution: Resolution | undefined): Field[] {
  const { x, y } = resolution ?? { x: 1, y: 1 };
  const unit = Buffer.alloc(2);
  unit.writeUInt16LE(resolution === undefined ? NO_UNIT : INCH);
  return [
    field(X_RESOLUTION, RATIONAL, 1, rational(x)),
    field(Y_RESOLUTION, RATIONAL, 1, rational(y)),
    field(RESOLUTION_UNIT, SHORT, 1, unit),
  ];
}

function rational(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  const [numerator, denominator] = asRational(value);
  bytes.writeUInt32LE(numerator, 0);
  bytes.writeUInt32LE(denominator, 4);
  return bytes;
}

function field(tag: number, type: number, count: number, value: Buffer): Field {
  return { tag, type, count, value };
}
