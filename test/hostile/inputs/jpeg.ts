/** Writers of JPEG files that no honest program makes; by ITU-T T.81. The pictures are grey, of 8 bits, and flat. */

const START = Buffer.from([0xff, 0xd8]);
const END = Buffer.from([0xff, 0xd9]);
const COMMENT = 0xfe;
/** As many bytes as one segment carries. */
export const SEGMENT_BYTES = 65_533;

/** A marker with its length and content. */
export function segment(marker: number, content: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

const QUANTISATION = segment(0xdb, Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 1)]));

/** A table of one code, the bit 0, which stands for `symbol`. */
function oneCodeTable(tableClass: 0 | 1, symbol: number): Buffer {
  const content = Buffer.alloc(18);
  content[0] = tableClass << 4;
  content[1] = 1;
  content[17] = symbol;
  return segment(0xc4, content);
}

function frame(marker: number, width: number, height: number, components = 1): Buffer {
  const content = Buffer.alloc(6 + components * 3);
  content[0] = 8;
  content.writeUInt16BE(height, 1);
  content.writeUInt16BE(width, 3);
  content[5] = components;
  for (let component = 0; component < components; component += 1)
    content.set([component + 1, 0x11, 0], 6 + component * 3);
  return segment(marker, content);
}

/** A JPEG with bytes between its start and its first segment. */
export function behindStart(bytes: Buffer, whole: Buffer): Buffer {
  return Buffer.concat([whole.subarray(0, START.length), bytes, whole.subarray(START.length)]);
}

/** A scan of one component. @param bits the entropy-coded data. */
function scan(component: number, from: number, to: number, approximation: number, bits: Buffer): Buffer {
  const content = Buffer.from([1, component, 0, from, to, approximation]);
  return Buffer.concat([segment(0xda, content), bits]);
}

function blocksOf(side: number): number {
  return Math.ceil(side / 8) ** 2;
}

/** Runs of 32,767 blocks without a coefficient: a code of one bit and fourteen bits that are all set. */
function endOfBlockRuns(blocks: number): Buffer {
  const runs = Math.ceil(blocks / 32_767);
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  const put = (bit: number) => {
    held = (held << 1) | bit;
    bits += 1;
    if (bits < 8) return;
    bytes.push(held);
    if (held === 0xff) bytes.push(0);
    held = 0;
    bits = 0;
  };
  for (let run = 0; run < runs; run += 1) {
    put(0);
    for (let bit = 0; bit < 14; bit += 1) put(1);
  }
  while (bits !== 0) put(1);
  return Buffer.from(bytes);
}

/**
 * A progressive JPEG whose scans add nothing: each takes a few bytes and a walk over every block of the picture.
 * @param side width and height in pixels.
 */
export function progressiveScans(side: number, scans: number): Buffer {
  const first = scan(1, 0, 0, 0, Buffer.alloc(Math.ceil(blocksOf(side) / 8)));
  const again = scan(1, 1, 63, 0, endOfBlockRuns(blocksOf(side)));
  return Buffer.concat([
    START,
    QUANTISATION,
    frame(0xc2, side, side),
    oneCodeTable(0, 0),
    first,
    oneCodeTable(1, 0xe0),
    ...Array.from({ length: scans - 1 }, () => again),
    END,
  ]);
}

/** Scans without any data; the decoder fills them with zeros. @param marker 0xc0 baseline, 0xc2 progressive, 0xca arithmetic. */
export function emptyScans(side: number, scans: number, marker: 0xc0 | 0xc2 | 0xc9 | 0xca): Buffer {
  const sequential = marker === 0xc0 || marker === 0xc9;
  const components = sequential ? 3 : 1;
  return Buffer.concat([
    START,
    QUANTISATION,
    frame(marker, side, side, components),
    oneCodeTable(0, 0),
    oneCodeTable(1, 0),
    ...Array.from({ length: scans }, (_, index) =>
      scan((index % components) + 1, 0, sequential ? 63 : 0, 0, Buffer.alloc(0)),
    ),
    END,
  ]);
}

/** A baseline JPEG of three components, whose scans say the same again and again; two bits for each block. */
export function baselineScans(side: number, scans: number): Buffer {
  const bits = Buffer.alloc(Math.ceil(blocksOf(side) / 4));
  return Buffer.concat([
    START,
    QUANTISATION,
    frame(0xc0, side, side, 3),
    oneCodeTable(0, 0),
    oneCodeTable(1, 0),
    ...Array.from({ length: scans }, (_, index) => scan((index % 3) + 1, 0, 63, 0, bits)),
    END,
  ]);
}

/** The parts of a good grey picture of `side` pixels, for what is put before, between and behind them. */
function goodPicture(side: number): { tables: Buffer; pixels: Buffer } {
  const tables = Buffer.concat([
    QUANTISATION,
    frame(0xc0, side, side),
    oneCodeTable(0, 0),
    oneCodeTable(1, 0),
  ]);
  return { tables, pixels: scan(1, 0, 63, 0, Buffer.alloc(Math.ceil(blocksOf(side) / 4))) };
}

/** A small picture behind very many segments of one kind. @param contentAt the content of each. */
export function manySegments(marker: number, segments: number, contentAt: (index: number) => Buffer): Buffer {
  const { tables, pixels } = goodPicture(16);
  const before = Array.from({ length: segments }, (_, index) => segment(marker, contentAt(index)));
  return Buffer.concat([START, ...before, tables, pixels, END]);
}

/** Comments of a letter by the hundred thousand, each of which becomes a field. */
export function manyComments(comments: number): Buffer {
  return manySegments(COMMENT, comments, () => Buffer.from('c'));
}

/** EXIF in one or more APP1 segments; the reader takes one, or all. */
export function exifSegments(segments: number, exif: Buffer): Buffer {
  return manySegments(0xe1, segments, () =>
    Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif]).subarray(0, SEGMENT_BYTES),
  );
}

/** XMP in very many APP1 segments. */
export function xmpSegments(segments: number): Buffer {
  const name = Buffer.from('http://ns.adobe.com/xap/1.0/\0', 'latin1');
  const content = Buffer.concat([name, Buffer.alloc(SEGMENT_BYTES - name.length, 0x20)]);
  return manySegments(0xe1, segments, () => content);
}

/** Parts of a profile in very many APP2 segments, whose numbers go round. */
export function profileSegments(segments: number, bytesEach: number): Buffer {
  return manySegments(0xe2, segments, (index) =>
    Buffer.concat([
      Buffer.from('ICC_PROFILE\0', 'latin1'),
      Buffer.from([(index % 255) + 1, 255]),
      Buffer.alloc(bytesEach),
    ]),
  );
}

/** Quantisation tables, or Huffman tables, defined over and over. */
export function manyTables(kind: 'quantisation' | 'huffman', tables: number): Buffer {
  const content = kind === 'quantisation' ? QUANTISATION.subarray(4) : oneCodeTable(0, 0).subarray(4);
  return manySegments(kind === 'quantisation' ? 0xdb : 0xc4, tables, () => content);
}

/** Restart markers by the million, where none belong. @param where in the pixels of a picture or behind them. */
export function restartStorm(markers: number, side: number): Buffer {
  const { tables, pixels } = goodPicture(side);
  const storm = Buffer.alloc(markers * 2, 0xff);
  for (let index = 0; index < markers; index += 1) storm[index * 2 + 1] = 0xd0 + (index % 8);
  const interval = segment(0xdd, Buffer.from([0, 1]));
  return Buffer.concat([START, tables, interval, pixels.subarray(0, 12), storm, pixels.subarray(12), END]);
}

/** Megabytes of fill bytes before a marker. */
export function fillBytes(bytes: number, where: 'header' | 'pixels'): Buffer {
  const { tables, pixels } = goodPicture(16);
  const fill = Buffer.alloc(bytes, 0xff);
  return where === 'header'
    ? Buffer.concat([START, fill, tables, pixels, END])
    : Buffer.concat([START, tables, pixels.subarray(0, 10), fill, pixels.subarray(10), END]);
}

/** A multi-picture file (MPF) whose index names very many pictures, with as many small pictures behind the first. */
export function manyPictures(pictures: number): Buffer {
  const { tables, pixels } = goodPicture(16);
  const listed = Math.min(pictures, 4000);
  const index = Buffer.alloc(4 + 8 + 2 + 2 * 12 + 4 + listed * 16);
  index.write('MPF\0II', 0, 'latin1');
  index.writeUInt16LE(42, 6);
  index.writeUInt32LE(8, 8);
  index.writeUInt16LE(2, 12);
  for (const [at, tag, type, count, value] of [
    [14, 0xb001, 4, 1, listed],
    [26, 0xb002, 7, listed * 16, 38],
  ] as const) {
    index.writeUInt16LE(tag, at);
    index.writeUInt16LE(type, at + 2);
    index.writeUInt32LE(count, at + 4);
    index.writeUInt32LE(value, at + 8);
  }
  const picture = Buffer.concat([START, tables, pixels, END]);
  const first = Buffer.concat([START, segment(0xe2, index), tables, pixels, END]);
  return Buffer.concat([first, ...Array.from({ length: pictures - 1 }, () => picture)]);
}

/** A flat picture of legal size in the fewest bytes. */
export function flatPicture(side: number): Buffer {
  const { tables, pixels } = goodPicture(side);
  return Buffer.concat([START, tables, pixels, END]);
}
