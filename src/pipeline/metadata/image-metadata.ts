/** Pixels per inch, horizontal and vertical; above 0. */
export interface Resolution {
  readonly x: number;
  readonly y: number;
}

/** Metadata of a source. */
export interface SourceMetadata {
  /** Always read, because the print size reveals nothing about the photographer. */
  readonly resolution?: Resolution;
  /** As in the source: a TIFF structure, perhaps after "Exif\0\0". This and the following only where metadata is kept. */
  readonly exif?: Buffer;
  /** As in the source: XML in UTF-8 or UTF-16. */
  readonly xmp?: Buffer;
  /** Further parts of XMP in a JPEG, by the digest with which the first part names them. */
  readonly extendedXmp?: ReadonlyMap<string, Buffer>;
  /** There is EXIF, but it is damaged or too large. */
  readonly exifUnreadable?: true;
}

/** Metadata of a result, besides its profile. */
export interface ResultMetadata {
  readonly resolution?: Resolution;
  /** A TIFF structure. */
  readonly exif?: Buffer;
  /** XML in UTF-8. */
  readonly xmp?: Buffer;
}
