import { type Cicp, readNclx } from '../colour/cicp.js';
import { type Bytes, EndOfBytes } from '../containers/bytes.js';
import type { Area } from '../image-facts.js';
import { damaged, excess, unsupportedImage } from '../refusals.js';
import { framesOf } from '../scan/frames.js';
import { type Container, type Item, type Piece, readContainer } from './container.js';
import { readPlacement, storedSize } from './placement.js';

/** An HEVC picture that is decoded by itself. */
export interface CodedTile {
  /** Content of `hvcC` (ISO/IEC 14496-15, 8.3.3): the decoder's parameter sets. */
  readonly configuration: Uint8Array;
  readonly pieces: readonly Piece[];
}

/** Tiles of one size, row by row; those at the right and bottom may extend beyond the whole. A plain picture is a grid of one. */
export interface Grid {
  readonly columns: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly tiles: readonly CodedTile[];
}

/** The picture to show of a HEIF file, and where its bytes are. Plain data, which may be sent to a thread. */
export interface HeifPicture {
  readonly colour: Grid;
  readonly alpha: Grid | undefined;
  /** Colours are premultiplied by alpha. */
  readonly premultiplied: boolean;
  /** Crop of the pixels as stored. */
  readonly shown: Area;
  /** EXIF orientation, 1 to 8, to apply afterwards. */
  readonly orientation: number;
  readonly grey: boolean;
  readonly sixteenBit: boolean;
  /** ICC. */
  readonly profile: Uint8Array | undefined;
  readonly cicp: Cicp | undefined;
  /** Four bytes with the number of bytes before the TIFF structure, those bytes, and the TIFF structure. */
  readonly exif: readonly Piece[] | undefined;
  readonly xmp: readonly Piece[] | undefined;
  /** Number of pictures that a viewer would offer, or of frames in a sequence. */
  readonly pages: number;
}

/** Tiles. Two hundred megapixels in cells of 512 x 512 pixels are 800. */
const MAX_TILES = 2000;

/** Bytes of parameter sets, of which each tile has a copy. Usual ones have a hundred. */
const MAX_CONFIGURATION_BYTES = 4096;

const OTHER_KINDS: Readonly<Record<string, string>> = {
  av01: 'coded in AV1',
  avc1: 'coded in H.264',
  vvc1: 'coded in H.266',
  jpeg: 'coded in JPEG',
  j2k1: 'coded in JPEG 2000',
  unci: 'uncompressed',
  iovl: 'laid together of several (an overlay)',
  iden: 'derived from another (an identity)',
};

/** Properties that are handled here, or change no pixel. */
const KNOWN_PROPERTIES: ReadonlySet<string> = new Set(
  'hvcC ispe pixi colr auxC irot imir clap pasp rloc clli mdcv cclv amve ndwt reve udes altt'.split(' '),
);
const ALPHA_KINDS: ReadonlySet<string> = new Set([
  'urn:mpeg:mpegB:cicp:systems:auxiliary:alpha',
  'urn:mpeg:hevc:2015:auxid:1',
]);

/**
 * Finds the primary picture of a HEIF file (ISO/IEC 23008-12) without decoding anything.
 * @param bytes a file that `scanHeic` has accepted.
 * @throws TesseraError corrupt_image; unsupported_image for other codecs and derivations.
 */
export function readPicture(bytes: Bytes): HeifPicture {
  try {
    return pictureOf(bytes, readContainer(bytes));
  } catch (thrown) {
    if (thrown instanceof EndOfBytes) throw damaged('HEIC', 'a list is cut off');
    throw thrown;
  }
}

function pictureOf(bytes: Bytes, container: Container): HeifPicture {
  const frames = framesOf(bytes);
  const { items, references, primary } = container;
  const item = items.get(primary ?? -1);
  if (item === undefined && frames > 0)
    throw unsupportedImage(
      'This HEIC file is an image sequence without a still picture, which is not supported.',
    );
  if (item === undefined) throw damaged('HEIC', 'no primary picture');
  const describing = (type: string, accepts: (item: Item) => boolean) =>
    references
      .filter((reference) => reference.type === type && reference.to.includes(item.id))
      .map(({ from }) => items.get(from))
      .find((other) => other !== undefined && accepts(other));
  const alpha = describing('auxl', isAlpha);
  const colour = readGrid(bytes, container, item);
  const [tile] = colour.tiles;
  if (tile === undefined) throw damaged('HEIC', 'a grid of nothing');
  const placement = readPlacement(item);
  const { shown } = placement;
  if (alpha !== undefined) checkSameSize(item, alpha);
  const colours = coloursOf(container, item);
  return {
    colour,
    alpha: alpha === undefined ? undefined : readGrid(bytes, container, alpha),
    premultiplied: references.some(({ type, from }) => type === 'prem' && from === item.id),
    ...placement,
    shown,
    // ISO/IEC 14496-15, 8.3.3: the format of chroma, and the depth of luma and chroma.
    grey: (byteOf(tile, 16) & 3) === 0,
    sixteenBit: Math.max(byteOf(tile, 17) & 7, byteOf(tile, 18) & 7) > 0,
    ...colours,
    exif: describing('cdsc', ({ type }) => type === 'Exif')?.pieces,
    xmp: describing('cdsc', ({ contentType }) => contentType === 'application/rdf+xml')?.pieces,
    pages: Math.max(frames, countShown(container)),
  };
}

function readGrid(bytes: Bytes, container: Container, item: Item): Grid {
  checkKnown(item);
  if (item.type !== 'grid') {
    const { width, height } = storedSize(item);
    return { columns: 1, tileWidth: width, tileHeight: height, tiles: [codedTile(bytes, item)] };
  }
  const tiles = cellsOf(container, item);
  const [piece] = item.pieces;
  const [first] = tiles;
  if (piece === undefined || first === undefined) throw damaged('HEIC', 'a grid of nothing');
  const { rows, columns, width, height } = gridSize(bytes, piece.offset);
  if (rows * columns > MAX_TILES) throw excess('HEIC', `more than ${MAX_TILES} tiles`);
  if (tiles.length !== rows * columns) throw damaged('HEIC', 'a grid with tiles missing');
  const cell = storedSize(first);
  const whole = storedSize(item);
  if (whole.width !== width || whole.height !== height)
    throw damaged('HEIC', 'a grid of another size than its picture');
  if (cell.width * columns < width || cell.height * rows < height)
    throw damaged('HEIC', 'a grid that does not cover its picture');
  for (const tile of tiles) {
    if (tile.properties.some(({ type }) => type === 'irot' || type === 'imir' || type === 'clap'))
      throw unsupportedImage('This HEIC image has tiles that are cropped or turned, which is not supported.');
    checkSameSize(first, tile);
  }
  return {
    columns,
    tileWidth: cell.width,
    tileHeight: cell.height,
    tiles: tiles.map((tile) => codedTile(bytes, tile)),
  };
}

/** Version, flags, rows less one, columns less one, width and height (ISO/IEC 23008-12, 6.6.2.3.2). */
function gridSize(
  bytes: Bytes,
  at: number,
): { rows: number; columns: number; width: number; height: number } {
  const wide = (bytes.u8(at + 1) & 1) === 1;
  return {
    rows: bytes.u8(at + 2) + 1,
    columns: bytes.u8(at + 3) + 1,
    width: wide ? bytes.u32(at + 4) : bytes.u16(at + 4),
    height: wide ? bytes.u32(at + 8) : bytes.u16(at + 6),
  };
}

/** The items of a grid, row by row. */
function cellsOf({ items, references }: Container, { id }: Item): Item[] {
  const ids = references.find(({ type, from }) => type === 'dimg' && from === id)?.to ?? [];
  return ids.map((cell) => {
    const item = items.get(cell);
    if (item === undefined) throw damaged('HEIC', 'a grid with tiles missing');
    return item;
  });
}

function codedTile(bytes: Bytes, item: Item): CodedTile {
  checkKnown(item);
  if (item.type !== 'hvc1')
    throw unsupportedImage(
      `This HEIF image is ${OTHER_KINDS[item.type] ?? 'of an unknown kind'}, which is not supported; HEVC is, as phones and cameras write it.`,
    );
  const configuration = item.properties.find(({ type }) => type === 'hvcC')?.content;
  if (configuration === undefined || configuration.length < 23)
    throw damaged('HEIC', 'no configuration of HEVC');
  if (configuration.length > MAX_CONFIGURATION_BYTES)
    throw excess('HEIC', `more than ${MAX_CONFIGURATION_BYTES} bytes of parameters of HEVC`);
  if (item.pieces.length === 0 || item.pieces.some(({ offset, length }) => offset + length > bytes.length))
    throw damaged('HEIC', 'pixels beyond the end of the file');
  return {
    configuration: new Uint8Array(configuration.read(0, configuration.length)),
    pieces: item.pieces,
  };
}

function byteOf({ configuration }: CodedTile, at: number): number {
  return configuration[at] ?? 0;
}

function checkKnown({ properties }: Item): void {
  const unknown = properties.find(({ type, essential }) => essential && !KNOWN_PROPERTIES.has(type));
  if (unknown !== undefined)
    throw unsupportedImage(
      `This HEIC image cannot be shown without its property ${JSON.stringify(unknown.type)}, which is not supported.`,
    );
}

function checkSameSize(item: Item, other: Item): void {
  const [one, two] = [storedSize(item), storedSize(other)];
  if (one.width !== two.width || one.height !== two.height)
    throw unsupportedImage('This HEIC image has parts of different sizes, which is not supported.');
}

function isAlpha({ properties }: Item): boolean {
  const auxC = properties.find(({ type }) => type === 'auxC')?.content;
  if (auxC === undefined) return false;
  const [kind = ''] = auxC.text(4, auxC.length - 4).split('\0');
  return ALPHA_KINDS.has(kind);
}

/** The tiles of a grid may have properties that the grid lacks. */
function coloursOf(container: Container, item: Item): Pick<HeifPicture, 'profile' | 'cicp'> {
  const [cell] = item.type === 'grid' ? cellsOf(container, item) : [];
  const colr = [...item.properties, ...(cell?.properties ?? [])].filter(({ type }) => type === 'colr');
  const ofKind = (...kinds: string[]) =>
    colr.find(({ content }) => kinds.includes(content.text(0, 4)))?.content;
  const profile = ofKind('prof', 'rICC');
  const nclx = ofKind('nclx');
  return {
    profile: profile === undefined ? undefined : new Uint8Array(profile.read(4, profile.length - 4)),
    cicp: nclx === undefined ? undefined : readNclx(nclx),
  };
}

/** Pictures that are not a part, thumbnail or other companion of another one. */
function countShown({ items, references }: Container): number {
  const parts = new Set<number>();
  for (const { type, from, to } of references) {
    if (type === 'dimg') for (const id of to) parts.add(id);
    else if (type === 'thmb' || type === 'auxl') parts.add(from);
  }
  const shown = [...items.values()].filter(
    ({ id, type, hidden }) => (type === 'hvc1' || type === 'grid') && !hidden && !parts.has(id),
  );
  return Math.max(1, shown.length);
}
