/** Samples of 8 or 16 bits, over the full range of their type. */
export type Samples = Uint8Array | Uint16Array;

/** Interleaved samples, row by row: `width * height * channels` of them. Owned by the holder. */
export interface Raster<Channels extends number = number> {
  readonly data: Samples;
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
}
