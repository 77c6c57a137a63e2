/** HEIC files, laid together of pictures that heif-enc coded (test/pipeline/heic, by heic-recipe.ts); by ISO/IEC 23008-12. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/host/package-root.js';
import { Bytes } from '../../src/pipeline/containers/bytes.js';
import { readPicture } from '../../src/pipeline/heif/picture.js';
import { box, fullBox, u16, u32 } from '../hostile/inputs/avif-boxes.js';

/** The size of the whole picture, and of the tiles that it is cut into. */
export const WIDTH = 128;
export const HEIGHT = 96;
export const TILE_WIDTH = 64;
export const TILE_HEIGHT = 64;

/** What the pictures show at a place, in shares of one: red to the right, green down, blue to the upper left. */
export function shown(x: number, y: number): readonly [red: number, green: number, blue: number] {
  const [across, down] = [x / WIDTH, y / HEIGHT];
  return [0.15 + 0.7 * across, 0.15 + 0.7 * down, 0.8 - 0.3 * (across + down)];
}

/** Opaque at the left, and less and less so beyond the middle. */
export function opacity(x: number): number {
  return x < WIDTH / 2 ? 1 : 1.75 - (1.5 * x) / WIDTH;
}

export function heicPath(name: string): string {
  return join(packageRoot(), 'test/pipeline/heic', `${name}.heic`);
}

/** A coded picture, out of its file. */
export interface Coded {
  readonly configuration: Buffer;
  readonly data: Buffer;
}

export function coded(name: string, part: 'colour' | 'alpha' = 'colour'): Coded {
  const path = heicPath(name);
  const [tile] = Bytes.ofFile(path, readPicture)[part]?.tiles ?? [];
  if (tile === undefined) throw new Error(`${name} has no ${part}`);
  const file = readFileSync(path);
  return {
    configuration: Buffer.from(tile.configuration),
    data: Buffer.concat(tile.pieces.map(({ offset, length }) => file.subarray(offset, offset + length))),
  };
}

export interface HeicItem {
  readonly type: string;
  readonly data: Buffer;
  readonly properties?: readonly Buffer[];
  /** A part of another one. */
  readonly hidden?: boolean;
  /** For items of type `mime`. */
  readonly contentType?: string;
  /** In `idat`, as the descriptions of grids are. */
  readonly inIdat?: boolean;
}

export interface HeicParts {
  /** Numbered from 1. */
  readonly items: readonly HeicItem[];
  readonly references?: readonly {
    readonly type: string;
    readonly from: number;
    readonly to: readonly number[];
  }[];
  readonly primary?: number;
  readonly brands?: string;
}

export const size = (width = WIDTH, height = HEIGHT) => fullBox('ispe', 0, u32(width, height));
/** Quarter turns against the clock. */
export const rotated = (quarters: number) => box('irot', Buffer.from([quarters]));
/** 0: top and bottom are exchanged; 1: left and right. */
export const mirrored = (axis: number) => box('imir', Buffer.from([axis]));
/** @param offsets of the centre, in pixels. */
export const cropped = (width: number, height: number, right = 0, down = 0) =>
  box('clap', u32(width, 1, height, 1, right >>> 0, 1, down >>> 0, 1));
export const nclx = (primaries: number, transfer: number, matrix: number, fullRange = true) =>
  box('colr', Buffer.from('nclx'), u16(primaries, transfer, matrix), Buffer.from([fullRange ? 128 : 0]));
export const icc = (profile: Buffer) => box('colr', Buffer.from('prof'), profile);

/** One coded picture as an item. */
export function hevc(
  { configuration, data }: Coded,
  properties: readonly Buffer[] = [],
  ispe = size(),
): HeicItem {
  return { type: 'hvc1', data, properties: [box('hvcC', configuration), ispe, ...properties] };
}

/** A picture that hides what is transparent, of another one. */
export function alphaOf(picture: Coded): HeicItem {
  const kind = 'urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0';
  return hevc(picture, [fullBox('auxC', 0, Buffer.from(kind, 'latin1'))]);
}

/** The description of a grid. */
export function gridItem(
  columns: number,
  rows: number,
  properties: readonly Buffer[] = [],
  width = WIDTH,
  height = HEIGHT,
): HeicItem {
  const data = Buffer.concat([Buffer.from([0, 0, rows - 1, columns - 1]), u16(width, height)]);
  return { type: 'grid', data, properties: [size(width, height), ...properties], inIdat: true };
}

/** The four tiles, and the grid of them as the fifth item. */
export function gridFile(properties: readonly Buffer[] = []): HeicParts {
  const tiles = ['tile-0', 'tile-1', 'tile-2', 'tile-3'].map((name) => ({
    ...hevc(coded(name), [], size(TILE_WIDTH, TILE_HEIGHT)),
    hidden: true,
  }));
  return {
    items: [...tiles, gridItem(2, 2, properties)],
    references: [{ type: 'dimg', from: 5, to: [1, 2, 3, 4] }],
    primary: 5,
  };
}

/** Without these an item cannot be shown. */
const ESSENTIAL = new Set(['hvcC', 'irot', 'imir', 'clap', 'zzzz']);

export function heicFile({
  items,
  references = [],
  primary = 1,
  brands = 'heic\0\0\0\0mif1heic',
}: HeicParts): Buffer {
  const type = box('ftyp', Buffer.from(brands, 'latin1'));
  const properties = items.flatMap((item) => item.properties ?? []);
  let place = 0;
  const associations = items.map((item, index) => {
    const places = (item.properties ?? []).map((property) => {
      place += 1;
      return place | (ESSENTIAL.has(property.toString('latin1', 4, 8)) ? 0x8000 : 0);
    });
    return Buffer.concat([u16(index + 1), Buffer.from([places.length]), u16(...places)]);
  });
  const information = items.map((item, index) =>
    box(
      'infe',
      Buffer.from([2, 0, 0, item.hidden === true ? 1 : 0]),
      u16(index + 1, 0),
      Buffer.from(`${item.type}\0${item.contentType === undefined ? '' : `${item.contentType}\0`}`, 'latin1'),
    ),
  );
  const whereIs = (mdatAt: number) => {
    let [inFile, inIdat] = [mdatAt, 0];
    return items.map((item, index) => {
      const at = item.inIdat === true ? inIdat : inFile;
      if (item.inIdat === true) inIdat += item.data.length;
      else inFile += item.data.length;
      return Buffer.concat([u16(index + 1, item.inIdat === true ? 1 : 0, 0, 1), u32(at, item.data.length)]);
    });
  };
  const dataOf = (idat: boolean) =>
    items.filter(({ inIdat = false }) => inIdat === idat).map(({ data }) => data);
  const meta = (mdatAt: number) =>
    fullBox(
      'meta',
      0,
      fullBox('hdlr', 0, Buffer.from('\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0', 'latin1')),
      fullBox('pitm', 0, u16(primary)),
      fullBox('iinf', 0, u16(items.length), information),
      fullBox('iloc', 1, Buffer.from([0x44, 0]), u16(items.length), whereIs(mdatAt)),
      // 16-bit places of properties.
      box('iprp', box('ipco', properties), box('ipma', u32(1, items.length), associations)),
      fullBox(
        'iref',
        0,
        references.map(({ type: kind, from, to }) => box(kind, u16(from, to.length, ...to))),
      ),
      box('idat', dataOf(true)),
    );
  const mdatAt = type.length + meta(0).length + 8;
  return Buffer.concat([type, meta(mdatAt), box('mdat', dataOf(false))]);
}
