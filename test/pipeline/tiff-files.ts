/** Writes TIFF files of every kind that the tests need: uncompressed, little-endian, in strips or one tile for each plane (TIFF 6.0). */

/** How samples are stored; the defaults are those of an 8-bit RGB picture. */
export interface TiffKind {
  readonly photometric?: number;
  readonly bits?: number;
  readonly samples?: number;
  /** What each sample beyond the colours is: 0 unspecified, 1 associated alpha, 2 unassociated alpha. */
  readonly extraSamples?: readonly number[];
  /** Each sample in a plane of its own. */
  readonly planar?: boolean;
  /** Whatever the data are, this is what the file says of them. */
  readonly compression?: number;
  /** 1 unsigned, 2 signed, 3 floating point. */
  readonly sampleFormat?: number;
  readonly tiled?: boolean;
  /** All of them where it is not given. */
  readonly rowsPerStrip?: number;
  /** Further tags of one SHORT or LONG, or of several SHORTs. */
  readonly tags?: readonly (readonly [tag: number, ...values: number[]])[];
  /** Tags of ASCII, with their closing zero. */
  readonly texts?: readonly (readonly [tag: number, bytes: Buffer])[];
}

/** @param sampleAt value of a sample, in its own range. A tiled file has one tile of at least the picture's size. */
export function tiffFile(
  width: number,
  height: number,
  sampleAt: (x: number, y: number, sample: number) => number,
  kind: TiffKind = {},
): Buffer {
  const { photometric = 2, bits = 8, samples = 3, planar = false, tiled = false, sampleFormat = 1 } = kind;
  const across = tiled ? Math.ceil(width / 16) * 16 : width;
  const down = tiled ? Math.ceil(height / 16) * 16 : height;
  const bytesPerSample = bits / 8;
  const planes = planar ? samples : 1;
  const planeBytes = across * down * (samples / planes) * bytesPerSample;
  const pixels = Buffer.alloc(planeBytes * planes);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      for (let sample = 0; sample < samples; sample += 1) {
        const index = planar ? (sample * down + y) * across + x : (y * across + x) * samples + sample;
        const value = sampleAt(x, y, sample);
        if (sampleFormat === 3) pixels.writeFloatLE(value, index * bytesPerSample);
        else pixels.writeUIntLE(value, index * bytesPerSample, bytesPerSample);
      }
  const rows = tiled ? down : (kind.rowsPerStrip ?? height);
  const rowBytes = planeBytes / down;
  const strips = Array.from({ length: planes }, (_, plane) =>
    Array.from({ length: Math.ceil(down / rows) }, (_, strip) => ({
      offset: 8 + plane * planeBytes + strip * rows * rowBytes,
      bytes: Math.min(rows, down - strip * rows) * rowBytes,
    })),
  ).flat();
  const offsets = strips.map(({ offset }) => offset);
  const counts = strips.map(({ bytes }) => bytes);
  const entries: (readonly [tag: number, values: readonly number[] | Buffer])[] = [
    [256, [width]],
    [257, [height]],
    [258, Array.from({ length: samples }, () => bits)],
    [259, [kind.compression ?? 1]],
    [262, [photometric]],
    [277, [samples]],
    [284, [planar ? 2 : 1]],
    [339, Array.from({ length: samples }, () => sampleFormat)],
    ...(tiled
      ? ([
          [322, [across]],
          [323, [down]],
          [324, offsets],
          [325, counts],
        ] as const)
      : ([
          [273, offsets],
          [278, [rows]],
          [279, counts],
        ] as const)),
    ...(kind.extraSamples === undefined ? [] : ([[338, kind.extraSamples]] as const)),
    ...(kind.tags ?? []).map(([tag, ...values]) => [tag, values] as const),
    ...(kind.texts ?? []),
  ];
  return assembled(pixels, entries);
}

/** SHORTs where they fit, LONGs for tables of offsets, whose values may be large. */
const LONG_TAGS: ReadonlySet<number> = new Set([256, 257, 273, 278, 279, 324, 325]);

function assembled(
  pixels: Buffer,
  entries: readonly (readonly [tag: number, values: readonly number[] | Buffer])[],
): Buffer {
  const sorted = [...entries].sort(([a], [b]) => a - b);
  const directoryAt = 8 + pixels.length + (pixels.length % 2);
  const directory = Buffer.alloc(2 + sorted.length * 12 + 4);
  directory.writeUInt16LE(sorted.length, 0);
  const values: Buffer[] = [];
  let valuesAt = directoryAt + directory.length;
  for (const [index, [tag, content]] of sorted.entries()) {
    const at = 2 + index * 12;
    const { type, count, bytes } = stored(tag, content);
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(count, at + 4);
    if (bytes.length <= 4) {
      bytes.copy(directory, at + 8);
      continue;
    }
    directory.writeUInt32LE(valuesAt, at + 8);
    const padded = Buffer.alloc(bytes.length + (bytes.length % 2));
    bytes.copy(padded);
    values.push(padded);
    valuesAt += padded.length;
  }
  const header = Buffer.alloc(8);
  header.write('II', 0);
  header.writeUInt16LE(42, 2);
  header.writeUInt32LE(directoryAt, 4);
  return Buffer.concat([header, pixels, Buffer.alloc(pixels.length % 2), directory, ...values]);
}

function stored(
  tag: number,
  content: readonly number[] | Buffer,
): { type: number; count: number; bytes: Buffer } {
  if (Buffer.isBuffer(content)) return { type: 2, count: content.length, bytes: content };
  const long = LONG_TAGS.has(tag);
  const bytes = Buffer.alloc(content.length * (long ? 4 : 2));
  for (const [index, value] of content.entries())
    if (long) bytes.writeUInt32LE(value, index * 4);
    else bytes.writeUInt16LE(value, index * 2);
  return { type: long ? 4 : 3, count: content.length, bytes };
}
