/** Writers of AVIF files that no honest program makes; by ISO/IEC 14496-12 (boxes), 23008-12 (items) and AVIF. */

import { box, CONFIGURATION, fullBox, KEY_FRAME, repeated, SIDE, u16, u32 } from './avif-boxes.js';

interface Extent {
  /** From the start of the file's mdat content, or of idat. */
  readonly offset: number;
  readonly bytes: number;
}

/** One picture, or one piece of metadata. */
export interface Item {
  readonly type: string;
  readonly name?: string;
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
export function file({
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
      Buffer.from(
        `${item.type}${item.name ?? ''}\0${item.contentType === undefined ? '' : `${item.contentType}\0`}`,
        'latin1',
      ),
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
      fullBox('iinf', 1, u32(items.length), information),
      fullBox('iloc', 2, Buffer.from([0x44, 0]), u32(items.length), locations(mdatAt)),
      box(
        'iprp',
        box('ipco', PICTURE_PROPERTIES, properties),
        // 32-bit item numbers, 16-bit places.
        box('ipma', u32(0x01000001, items.length), associations),
      ),
      ...(references.length === 0
        ? []
        : [
            fullBox(
              'iref',
              1,
              references.map(({ type, from, to }) => box(type, u32(from), u16(to.length), u32(...to))),
            ),
          ]),
      ...(idat === undefined ? [] : [box('idat', idat)]),
      extra,
    );
  const mdatAt = type.length + meta(0).length + 8;
  return Buffer.concat([type, meta(mdatAt), box('mdat', mdat)]);
}

/** The reader's own names for what it keeps whole: EXIF and XMP of the picture. */
const METADATA = {
  exif: { type: 'Exif' },
  xmp: { type: 'mime', contentType: 'application/rdf+xml' },
} as const;

/**
 * Metadata items whose extents all name the same bytes, so that a file of a few megabytes has gigabytes of metadata.
 * @param described whether the items say that they belong to the picture; libheif reads others too, and throws them away.
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

/** A picture whose name has megabytes; libheif reads names byte by byte, with two calls of the system for each. */
export function longName(bytes: number): Buffer {
  return file({ items: [{ ...PICTURE, name: 'n'.repeat(bytes) }], mdat: KEY_FRAME });
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

/** A large colour profile that every one of many items has; libheif reads it byte by byte too. */
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

/** The description of a grid. */
export function grid(columns: number, rows: number, width: number, height: number): Buffer {
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

/** The descriptions of the pictures that are made of others. */
function overlay(layers: number): Buffer {
  const head = Buffer.concat([Buffer.from([0, 1]), u16(0, 0, 0, 65_535), u32(SIDE, SIDE)]);
  return Buffer.concat([head, Buffer.alloc(layers * 8)]);
}

/**
 * Pictures made of pictures, each of the same one before it many times over, so that the decoder's work is the product
 * of all levels. libheif 1.23 takes the order of MIAF alone: grid, iden, iovl, iden.
 * @param levels from the inside out; `times` is the number of cells of a grid (at most 256) or of layers of an overlay.
 */
export function nestedPictures(
  levels: readonly { readonly type: 'grid' | 'iden' | 'iovl'; readonly times: number }[],
): Buffer {
  let at = KEY_FRAME.length;
  const descriptions: Buffer[] = [];
  const items = levels.map(({ type, times }): Item => {
    const description =
      type === 'grid' ? grid(times, 1, SIDE, SIDE) : type === 'iovl' ? overlay(times) : Buffer.alloc(0);
    descriptions.push(description);
    const extents = description.length === 0 ? [] : [{ offset: at, bytes: description.length }];
    at += description.length;
    return { type, extents, properties: [2, 3] };
  });
  return file({
    items: [PICTURE, ...items],
    references: levels.map(({ times }, index) => ({
      type: 'dimg',
      from: index + 2,
      to: repeated(index + 1, times),
    })),
    primary: levels.length + 1,
    mdat: Buffer.concat([KEY_FRAME, ...descriptions]),
  });
}
