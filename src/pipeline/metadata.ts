/** What `metadata=keep` carries over, as the source holds it. */
export interface ImageMetadata {
  /** A TIFF structure behind "Exif\0\0". */
  readonly exif?: Buffer;
  /** XML. */
  readonly xmp?: Buffer;
}

const ORIENTATION_TAG = 0x0112;
const EXIF_PREFIX_BYTES = 6;
const ENTRY_BYTES = 12;

/**
 * A copy of EXIF whose first directory has no orientation: it was applied to the pixels. Later entries and the link to
 * the next directory move up, so that offsets to values stay right.
 * @param exif with or without the leading "Exif\0\0"; returned as it is when it cannot be read.
 */
export function withoutOrientation(exif: Buffer): Buffer {
  const start = exif.toString('latin1', 0, 4) === 'Exif' ? EXIF_PREFIX_BYTES : 0;
  if (exif.length < start + 8) return exif;
  const copy = Buffer.from(exif);
  const littleEndian = copy.toString('latin1', start, start + 2) === 'II';
  const read16 = (at: number) => (littleEndian ? copy.readUInt16LE(at) : copy.readUInt16BE(at));
  const directory = start + (littleEndian ? copy.readUInt32LE(start + 4) : copy.readUInt32BE(start + 4));
  if (directory + 2 > copy.length) return exif;
  const count = read16(directory);
  const first = directory + 2;
  const end = first + count * ENTRY_BYTES + 4;
  if (end > copy.length) return exif;
  for (let index = 0; index < count; index += 1) {
    const entry = first + index * ENTRY_BYTES;
    if (read16(entry) !== ORIENTATION_TAG) continue;
    copy.copy(copy, entry, entry + ENTRY_BYTES, end);
    copy.fill(0, end - ENTRY_BYTES, end);
    if (littleEndian) copy.writeUInt16LE(count - 1, directory);
    else copy.writeUInt16BE(count - 1, directory);
    return copy;
  }
  return copy;
}
