import { type Box, walkBoxes } from '../scan/avif/boxes.js';
import { associations } from '../scan/avif/coded-pixels.js';
import { readExtents } from '../scan/avif/item-location.js';
import type { Bytes } from '../scan/bytes.js';
import { Budget } from '../scan/excess.js';

/** Bytes of the file. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
}

/** A picture, or a piece of metadata (ISO/IEC 14496-12, 8.11). */
export interface Item {
  readonly id: number;
  /** Four letters: `hvc1`, `grid`, `Exif`, `mime`. */
  readonly type: string;
  /** Content type; for `mime` only. */
  readonly contentType: string;
  /** A part of another picture, not shown by itself. */
  readonly hidden: boolean;
  /** Extents of its data, in order. */
  readonly pieces: readonly Piece[];
  /** In the order of application. */
  readonly properties: readonly Property[];
}

interface Property extends Box {
  /** Essential: the item cannot be shown without it. */
  readonly essential: boolean;
}

interface Reference {
  readonly type: string;
  readonly from: number;
  readonly to: readonly number[];
}

/** The items of a HEIF file. */
export interface Container {
  readonly items: ReadonlyMap<number, Item>;
  /** Number of the picture to show; undefined when there is none. */
  readonly primary: number | undefined;
  readonly references: readonly Reference[];
}

/** No box is entered, because boxes of tracks have the same names. */
const FLAT = {};

/**
 * Reads the file's own `meta` box; the `meta` boxes of tracks belong to the tracks.
 * @param bytes a file that `scanHeic` has accepted, which bounds its lists.
 * @throws EndOfBytes where a list is cut off.
 */
export function readContainer(bytes: Bytes): Container {
  const meta = boxesOf(bytes).find(({ type }) => type === 'meta')?.content;
  const boxes = meta === undefined ? [] : boxesOf(meta.piece(4, meta.length));
  const contentsOf = (type: string) => boxes.filter((box) => box.type === type).map(({ content }) => content);
  const [pitm] = contentsOf('pitm');
  const properties = propertiesOfItems(boxesOf(contentsOf('iprp').at(0)));
  const pieces = piecesOfItems(contentsOf('iloc'), bytes, contentsOf('idat').at(0));
  const items = contentsOf('iinf').flatMap(readItems);
  return {
    items: new Map(
      items.map((item) => [
        item.id,
        { ...item, pieces: pieces.get(item.id) ?? [], properties: properties.get(item.id) ?? [] },
      ]),
    ),
    primary: pitm === undefined ? undefined : pitm.u8(0) === 0 ? pitm.u16(4) : pitm.u32(4),
    references: contentsOf('iref').flatMap(readReferences),
  };
}

/** The boxes in these bytes, without inner boxes. */
function boxesOf(bytes: Bytes | undefined): Box[] {
  const boxes: Box[] = [];
  if (bytes !== undefined)
    walkBoxes(bytes, new Budget('HEIC', bytes.length, 'boxes'), (box) => boxes.push(box), FLAT);
  return boxes;
}

function readItems(iinf: Bytes): Pick<Item, 'id' | 'type' | 'contentType' | 'hidden'>[] {
  const entries = boxesOf(iinf.piece(iinf.u8(0) === 0 ? 6 : 8, iinf.length));
  return entries.flatMap(({ type, content }) => {
    const version = content.u8(0);
    if (type !== 'infe' || version < 2) return [];
    const typeAt = version === 2 ? 8 : 10;
    // A name and a content type, each ended by a zero.
    const [, contentType = ''] = content.text(typeAt + 4, content.length - typeAt - 4).split('\0');
    return {
      id: version === 2 ? content.u16(4) : content.u32(4),
      type: content.text(typeAt, 4),
      contentType,
      hidden: (content.u8(3) & 1) === 1,
    };
  });
}

function propertiesOfItems(iprp: readonly Box[]): Map<number, Property[]> {
  const all = boxesOf(iprp.find(({ type }) => type === 'ipco')?.content);
  const lists = iprp.filter(({ type }) => type === 'ipma').map(({ content }) => content);
  const found = new Map<number, Property[]>();
  for (const [item, place, essential] of lists.flatMap(associations)) {
    const property = all[place - 1];
    if (property === undefined) continue;
    const known = found.get(item) ?? [];
    if (known.length === 0) found.set(item, known);
    known.push({ ...property, essential });
  }
  return found;
}

function piecesOfItems(
  iloc: readonly Bytes[],
  bytes: Bytes,
  itemData: Bytes | undefined,
): Map<number, Piece[]> {
  const found = new Map<number, Piece[]>();
  const count = new Budget('HEIC', bytes.length, 'pieces of items');
  for (const { itemId, inItemData, offset, length } of iloc.flatMap((each) => readExtents(each, count))) {
    const whole = inItemData ? itemData : bytes;
    const known = found.get(itemId) ?? [];
    if (known.length === 0) found.set(itemId, known);
    const start = whole?.start ?? bytes.length;
    known.push({
      offset: start + offset,
      length: length === 0 ? Math.max(0, (whole?.length ?? 0) - offset) : length,
    });
  }
  return found;
}

function readReferences(iref: Bytes): Reference[] {
  const idBytes = iref.u8(0) === 0 ? 2 : 4;
  return boxesOf(iref.piece(4, iref.length)).map(({ type, content }) => {
    const id = (at: number) => (idBytes === 2 ? content.u16(at) : content.u32(at));
    const count = content.u16(idBytes);
    const to = Array.from({ length: count }, (_, index) => id(idBytes + 2 + index * idBytes));
    return { type, from: id(0), to };
  });
}
