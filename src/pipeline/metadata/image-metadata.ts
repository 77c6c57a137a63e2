/** Pixels to an inch, across and down; above 0. */
export interface Resolution {
  readonly x: number;
  readonly y: number;
}

/** What a source says beside its pixels. */
export interface SourceMetadata {
  /** Always read: how large a picture is printed tells nothing of whoever took it. */
  readonly resolution?: Resolution;
  /** As the source holds it: a TIFF structure, perhaps behind "Exif\0\0"; only where metadata is kept, as all below. */
  readonly exif?: Buffer;
  /** As the source holds it: XML in UTF-8 or UTF-16. */
  readonly xmp?: Buffer;
  /** The further parts of XMP that JPEG has, by the digest under which the first part names them. */
  readonly extendedXmp?: ReadonlyMap<string, Buffer>;
  /** There is EXIF, but damaged or too large to read. */
  readonly exifUnreadable?: true;
}

/** What a result gets beside its pixels and its profile. */
export interface ResultMetadata {
  readonly resolution?: Resolution;
  /** A TIFF structure. */
  readonly exif?: Buffer;
  /** XML in UTF-8. */
  readonly xmp?: Buffer;
}
