import { type Box, boxesIn } from '../containers/boxes.js';
import { Budget } from '../containers/budget.js';
import type { Bytes } from '../containers/bytes.js';
import {
  associations,
  contentsOf,
  type ItemEntry,
  primaryItem,
  type Reference,
  readExtents,
  readItems,
  readReferences,
} from '../containers/heif-items.js';

/** Bytes of the file. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
}

/** An item with its data and properties. */
export interface Item extends ItemEntry {
  /** Extents of its data, in order. */
  readonly pieces: readonly Piece[];
  /** In the order of application. */
  readonly properties: readonly Property[];
}

interface Property extends Box {
  /** Essential: the item cannot be shown without it. */
  readonly essential: boolean;
}

/** The items of a HEIF file. */
export interface Container {
  readonly items: ReadonlyMap<number, Item>;
  /** Number of the picture to show; undefined when there is none. */
  readonly primary: number | undefined;
  readonly references: readonly Reference[];
}

/**
 * Reads the file's own `meta` box; the `meta` boxes of tracks belong to the tracks.
 * @param bytes a file that `scanHeic` has accepted, which bounds its lists.
 * @throws EndOfBytes where a list is cut off.
 */
export function readContainer(bytes: Bytes): Container {
  const [meta] = contentsOf([...boxesIn(bytes)], 'meta');
  const boxes = meta === undefined ? [] : [...boxesIn(meta.piece(4, meta.length))];
  const [[pitm], [iprp], [idat]] = [
    contentsOf(boxes, 'pitm'),
    contentsOf(boxes, 'iprp'),
    contentsOf(boxes, 'idat'),
  ];
  const properties =
    iprp === undefined ? new Map<number, Property[]>() : propertiesOfItems([...boxesIn(iprp)]);
  const pieces = piecesOfItems(contentsOf(boxes, 'iloc'), bytes, idat);
  const items = contentsOf(boxes, 'iinf').flatMap(readItems);
  return {
    items: new Map(
      items.map((item) => [
        item.id,
        { ...item, pieces: pieces.get(item.id) ?? [], properties: properties.get(item.id) ?? [] },
      ]),
    ),
    primary: pitm === undefined ? undefined : primaryItem(pitm),
    references: contentsOf(boxes, 'iref').flatMap((iref) => readReferences(iref)),
  };
}

function propertiesOfItems(iprp: readonly Box[]): Map<number, Property[]> {
  const [ipco] = contentsOf(iprp, 'ipco');
  const all = ipco === undefined ? [] : [...boxesIn(ipco)];
  const found = new Map<number, Property[]>();
  for (const [item, place, essential] of contentsOf(iprp, 'ipma').flatMap(associations)) {
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
