/** Writers of AVIF files that no honest program makes; by ISO/IEC 14496-12 (boxes), 23008-12 (items) and AVIF. */

/** A flat picture of 64 x 64 pixels: an AV1 key frame, and its configuration record. */
const KEY_FRAME = Buffer.from(
  '12000a0918157ffda2021a0d0832161c478785ddc0002c000097bf3d90b7c9ec33655620f5',
  'hex',
);
const CONFIGURATION = Buffer.from('81000c00', 'hex');
const SIDE = 64;

function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}

function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

function box(type: string, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([u32(content.length + 8), Buffer.from(type, 'latin1'), content]);
}

function fullBox(type: string, version: number, ...parts: readonly Buffer[]): Buffer {
  return box(type, u32(version * 2 ** 24), ...parts);
}

interface Extent {
  /** From the start of the file's mdat content, or of idat. */
  readonly offset: number;
  readonly bytes: number;
}

interface Item {
  readonly type: string;
  /** For items of type `mime`. */
  readonly contentType?: string;
  readonly extents: readonly Extent[];
  readonly inIdat?: boolean;
  /** One-based places of its properties in ipco. */
  readonly properties?: readonly number[];
}

interface Reference {
  readonly type: string;
  readonly from: number;
  readonly to: readonly number[];
}

interface Parts {
  readonly items: readonly Item[];
  readonly references?: readonly Reference[];
  readonly properties?: readonly Buffer[];
  readonly primary?: number;
  readonly idat?: Buffer;
  readonly mdat: Buffer;
  /** Put into meta as they are. */
  readonly extra?: readonly Buffer[];
}

/** The properties that every picture here has: configuration, its size, its depth. */
const PICTURE_PROPERTIES = [
  box('av1C', CONFIGURATION),
  fullBox('ispe', 0, u32(SIDE, SIDE)),
  fullBox('pixi', 0, Buffer.from([3, 8, 8, 8])),
];
const PICTURE: Item = {
  type: 'av01',
  extents: [{ offset: 0, bytes: KEY_FRAME.length }],
  properties: [1, 2, 3],
};

/** Items are numbered from 1 in their order; mdat begins with whatever the items name there. */
function file({
  items,
  references = [],
  properties = [],
  primary = 1,
  idat,
  mdat,
  extra = [],
}: Parts): Buffer {
  const type = box('ftyp', Buffer.from('avif\0\0\0\0avifmif1miaf', 'latin1'));
  const information = items.map((item, index) =>
    fullBox(
      'infe',
      3,
      u32(index + 1),
      u16(0),
      Buffer.from(`${item.type}\0${item.contentType === undefined ? '' : `${item.contentType}\0`}`, 'latin1'),
    ),
  );
  const locations = (mdatAt: number) =>
    items.map((item, index) =>
      Buffer.concat([
        u32(index + 1),
        u16(item.inIdat ? 1 : 0, 0, item.extents.length),
        u32(...item.extents.flatMap(({ offset, bytes }) => [offset + (item.inIdat ? 0 : mdatAt), bytes])),
      ]),
    );
  const associations = items.map(({ properties: places = [] }, index) =>
    Buffer.concat([u32(index + 1), Buffer.from([places.length]), u16(...places)]),
  );
  const meta = (mdatAt: number) =>
    fullBox(
      'meta',
      0,
      fullBox('hdlr', 0, Buffer.from('\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0', 'latin1')),
      fullBox('pitm', 0, u16(primary)),
      fullBox('iinf', 1, u32(items.length), ...information),
      fullBox('iloc', 2, Buffer.from([0x44, 0]), u32(items.length), ...locations(mdatAt)),
      box(
        'iprp',
        box('ipco', ...PICTURE_PROPERTIES, ...properties),
        // 32-bit item numbers, 16-bit places.
        box('ipma', u32(0x01000001, items.length), ...associations),
      ),
      ...(references.length === 0
        ? []
        : [
            fullBox(
              'iref',
              1,
              ...references.map(({ type, from, to }) => box(type, u32(from), u16(to.length), u32(...to))),
            ),
          ]),
      ...(idat === undefined ? [] : [box('idat', idat)]),
      ...extra,
    );
  const mdatAt = type.length + meta(0).length + 8;
  return Buffer.concat([type, meta(mdatAt), box('mdat', mdat)]);
}

function repeated<T>(value: T, count: number): T[] {
  return Array.from({ length: count }, () => value);
}

/** The reader's own names for what it keeps whole: EXIF and XMP of the picture. */
const METADATA = {
  exif: { type: 'Exif' },
  xmp: { type: 'mime', contentType: 'application/rdf+xml' },
} as const;

/**
 * Metadata items whose extents all name the same bytes, so that a file of a few megabytes has gigabytes of metadata.
 * @param described whether the items say that they belong to the picture; only such are read with the header.
 */
export function overlappingExtents(
  kind: keyof typeof METADATA,
  items: number,
  extents: number,
  sharedBytes: number,
  inIdat = false,
  described = true,
): Buffer {
  const shared = Buffer.alloc(sharedBytes, 0x20);
  // EXIF begins with where in it the TIFF header is.
  shared.fill(0, 0, 4);
  const at = inIdat ? 0 : KEY_FRAME.length;
  const item: Item = {
    ...METADATA[kind],
    extents: repeated({ offset: at, bytes: sharedBytes }, extents),
    inIdat,
  };
  return file({
    items: [PICTURE, ...repeated(item, items)],
    references: described
      ? Array.from({ length: items }, (_, index) => ({ type: 'cdsc', from: index + 2, to: [1] }))
      : [],
    ...(inIdat ? { idat: shared } : {}),
    mdat: Buffer.concat([KEY_FRAME, ...(inIdat ? [] : [shared])]),
  });
}

/** Pictures by the thousand, all of the same bytes, of which the first is shown. */
export function manyPictures(items: number): Buffer {
  return file({ items: repeated(PICTURE, items), mdat: KEY_FRAME });
}

/** The picture's own key frame in thousands of extents, empty but for the first. */
export function manyExtents(extents: number): Buffer {
  const empty = repeated({ offset: 0, bytes: 0 }, extents - 1);
  return file({ items: [{ ...PICTURE, extents: [...PICTURE.extents, ...empty] }], mdat: KEY_FRAME });
}

/** References between two items, again and again. @param type such as thmb, auxl, cdsc, dimg, prem. */
export function manyReferences(type: string, references: number): Buffer {
  return file({
    items: [PICTURE, PICTURE],
    references: repeated({ type, from: 2, to: [1] }, references),
    mdat: KEY_FRAME,
  });
}

/** Properties by the ten thousand, of which the picture has three, or as many as an entry can name. */
export function manyProperties(properties: number, associated: boolean): Buffer {
  const places = Array.from({ length: 250 }, (_, index) => (index % Math.min(properties, 30_000)) + 4);
  return file({
    items: [{ ...PICTURE, properties: associated ? [1, 2, 3, ...places] : [1, 2, 3] }],
    properties: repeated(fullBox('pasp', 0, u32(1)), properties),
    mdat: KEY_FRAME,
  });
}

/** A large colour profile that every one of many items has. */
export function sharedProfile(items: number, profileBytes: number): Buffer {
  return file({
    items: repeated({ ...PICTURE, properties: [1, 2, 3, 4] }, items),
    properties: [box('colr', Buffer.from('prof'), Buffer.alloc(profileBytes))],
    mdat: KEY_FRAME,
  });
}

/** Boxes in boxes in boxes. */
export function deepBoxes(depth: number): Buffer {
  const type = Buffer.from('iprp', 'latin1');
  const nested = Buffer.concat(
    Array.from({ length: depth }, (_, index) => Buffer.concat([u32((depth - index) * 8), type])),
  );
  return file({ items: [PICTURE], mdat: KEY_FRAME, extra: [nested] });
}

/** Small boxes of an unknown kind by the hundred thousand, in meta. */
export function manyBoxes(boxes: number): Buffer {
  return file({ items: [PICTURE], mdat: KEY_FRAME, extra: repeated(box('abcd'), boxes) });
}

function size(width: number, height: number): Buffer {
  return fullBox('ispe', 0, u32(width, height));
}

function grid(columns: number, rows: number, width: number, height: number): Buffer {
  return Buffer.concat([Buffer.from([0, 1, rows - 1, columns - 1]), u32(width, height)]);
}

/** A grid all of whose cells are the same small picture: each cell costs a decoder's start. */
export function hugeGrid(
  columns: number,
  rows: number,
  width = columns * SIDE,
  height = rows * SIDE,
): Buffer {
  const description = grid(columns, rows, width, height);
  return file({
    items: [
      PICTURE,
      {
        type: 'grid',
        extents: [{ offset: KEY_FRAME.length, bytes: description.length }],
        properties: [4, 3],
      },
    ],
    properties: [size(width, height)],
    references: [{ type: 'dimg', from: 2, to: repeated(1, columns * rows) }],
    primary: 2,
    mdat: Buffer.concat([KEY_FRAME, description]),
  });
}

/**
 * Pictures made of pictures: at each level one that is `width` times the one before it, laid on itself, so that the
 * decoder's work grows as `width` to the power of `depth`.
 */
export function nestedOverlays(depth: number, width: number): Buffer {
  const description = Buffer.concat([
    Buffer.from([0, 1]),
    u16(0, 0, 0, 65_535),
    u32(SIDE, SIDE),
    Buffer.alloc(width * 8),
  ]);
  return nested('iovl', depth, width, description);
}

/** The same with grids that show their first cell alone. */
export function nestedGrids(depth: number, columns: number): Buffer {
  return nested('grid', depth, columns, grid(columns, 1, SIDE, SIDE));
}

function nested(type: string, depth: number, width: number, description: Buffer): Buffer {
  const level: Item = {
    type,
    extents: [{ offset: KEY_FRAME.length, bytes: description.length }],
    properties: [2, 3],
  };
  return file({
    items: [PICTURE, ...repeated(level, depth)],
    references: Array.from({ length: depth }, (_, index) => ({
      type: 'dimg',
      from: index + 2,
      to: repeated(index + 1, width),
    })),
    primary: depth + 1,
    mdat: Buffer.concat([KEY_FRAME, description]),
  });
}

/** A picture that is the derived picture of another one, and so on, each the same; the last level is shown. */
export function identityChain(depth: number): Buffer {
  const level: Item = { type: 'iden', extents: [], properties: [2, 3] };
  return file({
    items: [PICTURE, ...repeated(level, depth)],
    references: Array.from({ length: depth }, (_, index) => ({
      type: 'dimg',
      from: index + 2,
      to: [index + 1],
    })),
    primary: depth + 1,
    mdat: KEY_FRAME,
  });
}

/** An image sequence whose tables claim, or hold, very many samples. @param listed whether each sample's size is listed. */
export function sequenceSamples(samples: number, listed: boolean): Buffer {
  const sizes = listed
    ? [u32(0, samples), Buffer.alloc(samples * 4, u32(KEY_FRAME.length))]
    : [u32(KEY_FRAME.length, samples)];
  const entry = box(
    'av01',
    Buffer.alloc(6),
    u16(1),
    Buffer.alloc(16),
    u16(SIDE, SIDE),
    u32(0x480000, 0x480000, 0),
    u16(1),
    Buffer.alloc(32),
    u16(24, 0xffff),
    box('av1C', CONFIGURATION),
  );
  const table = (mdatAt: number) =>
    box(
      'stbl',
      fullBox('stsd', 0, u32(1), entry),
      fullBox('stts', 0, u32(1, samples, 1)),
      fullBox('stsc', 0, u32(1, 1, samples, 1)),
      fullBox('stsz', 0, ...sizes),
      fullBox('stco', 0, u32(1, mdatAt)),
    );
  const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
  const movie = (mdatAt: number) =>
    box(
      'moov',
      fullBox(
        'mvhd',
        0,
        u32(0, 0, 1000, samples, 0x10000),
        u16(0x100, 0),
        u32(0, 0),
        matrix,
        Buffer.alloc(24),
        u32(2),
      ),
      box(
        'trak',
        fullBox(
          'tkhd',
          0,
          u32(0, 0, 1, 0, samples, 0, 0),
          u16(0, 0, 0, 0),
          matrix,
          u32(SIDE * 65_536, SIDE * 65_536),
        ),
        box(
          'mdia',
          fullBox('mdhd', 0, u32(0, 0, 1000, samples), u16(0, 0)),
          fullBox('hdlr', 0, Buffer.from('\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0', 'latin1')),
          box(
            'minf',
            fullBox('vmhd', 0, Buffer.alloc(8)),
            box('dinf', fullBox('dref', 0, u32(1), fullBox('url ', 0))),
            table(mdatAt),
          ),
        ),
      ),
    );
  const type = box('ftyp', Buffer.from('avis\0\0\0\0avismsf1miaf', 'latin1'));
  const mdatAt = type.length + movie(0).length + 8;
  return Buffer.concat([type, movie(mdatAt), box('mdat', KEY_FRAME)]);
}
