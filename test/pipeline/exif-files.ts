/** EXIF as cameras and others write it, well or badly, and a reader of it that shares nothing with the service's own. */

/** One tag: numbers of its type, or bytes. */
export interface Tag {
  readonly tag: number;
  readonly type: number;
  /** Default: as many as there are values. */
  readonly count?: number;
  readonly values: readonly number[] | Buffer;
}

export interface ExifShape {
  readonly order: 'II' | 'MM';
  readonly image: readonly Tag[];
  readonly photo?: readonly Tag[];
  readonly gps?: readonly Tag[];
  /** Bytes of a thumbnail, with the tags of its directory. */
  readonly thumbnail?: { readonly bytes: Buffer; readonly tags: readonly Tag[] };
  /** Whether directories end with a link to the next one. */
  readonly links?: boolean;
}

export const SHORT = 3;
export const LONG = 4;
export const RATIONAL = 5;
const SIZES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1 };
const NUMBER_BYTES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 7: 1 };

export const ascii = (tag: number, text: string): Tag => ({ tag, type: 2, values: Buffer.from(`${text}\0`) });
export const short = (tag: number, ...values: number[]): Tag => ({ tag, type: SHORT, values });
export const long = (tag: number, ...values: number[]): Tag => ({ tag, type: LONG, values });
export const rational = (tag: number, ...values: number[]): Tag => ({ tag, type: RATIONAL, values });

/** A TIFF structure: each directory, its values right behind it. */
export function exifOf({ order, image, photo, gps, thumbnail, links = true }: ExifShape): Buffer {
  const little = order === 'II';
  const number = (bytes: Buffer, value: number, at: number, size: number) =>
    little ? bytes.writeUIntLE(value, at, size) : bytes.writeUIntBE(value, at, size);
  const bytesOf = ({ type, values }: Tag): Buffer => {
    if (Buffer.isBuffer(values)) return values;
    const size = NUMBER_BYTES[type] ?? 1;
    const bytes = Buffer.alloc(values.length * size);
    for (const [index, value] of values.entries()) number(bytes, value, index * size, size);
    return bytes;
  };
  const directory = (tags: readonly Tag[], at: number, next = 0): Buffer => {
    const head = Buffer.alloc(2 + tags.length * 12 + (links ? 4 : 0));
    number(head, tags.length, 0, 2);
    const parts: Buffer[] = [head];
    let end = at + head.length;
    for (const [index, each] of [...tags].sort((a, b) => a.tag - b.tag).entries()) {
      const entry = 2 + index * 12;
      const value = bytesOf(each);
      number(head, each.tag, entry, 2);
      number(head, each.type, entry + 2, 2);
      number(head, each.count ?? value.length / (SIZES[each.type] ?? 1), entry + 4, 4);
      if (value.length <= 4) value.copy(head, entry + 8);
      else {
        number(head, end, entry + 8, 4);
        parts.push(value);
        end += value.length;
      }
    }
    if (links) number(head, next, head.length - 4, 4);
    return Buffer.concat(parts);
  };
  const pointers = [
    ...(photo === undefined ? [] : [long(0x8769, 0)]),
    ...(gps === undefined ? [] : [long(0x8825, 0)]),
  ];
  const imageBytes = directory([...image, ...pointers], 8).length;
  const photoAt = 8 + imageBytes;
  const photoBytes = photo === undefined ? Buffer.alloc(0) : directory(photo, photoAt);
  const gpsAt = photoAt + photoBytes.length;
  const gpsBytes = gps === undefined ? Buffer.alloc(0) : directory(gps, gpsAt);
  const thumbnailAt = gpsAt + gpsBytes.length;
  const placed = [
    ...(photo === undefined ? [] : [long(0x8769, photoAt)]),
    ...(gps === undefined ? [] : [long(0x8825, gpsAt)]),
  ];
  const second = (pictureAt: number) =>
    thumbnail === undefined
      ? Buffer.alloc(0)
      : directory(
          [...thumbnail.tags, long(0x201, pictureAt), long(0x202, thumbnail.bytes.length)],
          thumbnailAt,
        );
  const header = Buffer.from(little ? 'II*\0\0\0\0\0' : 'MM\0*\0\0\0\0', 'latin1');
  number(header, 8, 4, 4);
  return Buffer.concat([
    header,
    directory([...image, ...placed], 8, thumbnail === undefined ? 0 : thumbnailAt),
    photoBytes,
    gpsBytes,
    second(thumbnailAt + second(0).length),
    thumbnail?.bytes ?? Buffer.alloc(0),
  ]);
}

/** What a reader finds: a tag by the name of its directory and its number in hexadecimal, with its value. */
export function tagsOf(block: Buffer): Map<string, string | number[]> {
  const little = block.toString('latin1', 0, 2) === 'II';
  const u16 = (at: number) => (little ? block.readUInt16LE(at) : block.readUInt16BE(at));
  const u32 = (at: number) => (little ? block.readUInt32LE(at) : block.readUInt32BE(at));
  const found = new Map<string, string | number[]>();
  const read = (name: string, at: number) => {
    const count = u16(at);
    for (let index = 0; index < count; index += 1) {
      const entry = at + 2 + index * 12;
      const [tag, type, values] = [u16(entry), u16(entry + 2), u32(entry + 4)];
      const bytes = values * (SIZES[type] ?? 1);
      const valueAt = bytes <= 4 ? entry + 8 : u32(entry + 8);
      if (tag === 0x8769) read('photo', u32(entry + 8));
      else if (tag === 0x8825) read('gps', u32(entry + 8));
      else {
        const key = `${name}.${tag.toString(16)}`;
        if (type === 2) found.set(key, block.toString('latin1', valueAt, valueAt + bytes - 1));
        else {
          const size = NUMBER_BYTES[type] ?? 1;
          const one = (value: number) =>
            size === 1 ? (block[value] ?? 0) : size === 2 ? u16(value) : u32(value);
          found.set(
            key,
            Array.from({ length: Math.min(bytes / size, 1000) }, (_, each) => one(valueAt + each * size)),
          );
        }
      }
    }
    const link = at + 2 + count * 12;
    if (name === 'image' && link + 4 <= block.length && u32(link) !== 0) read('thumbnail', u32(link));
  };
  read('image', u32(4));
  return found;
}

/** A JPEG with further segments at its beginning. */
export function withSegments(
  jpeg: Buffer,
  ...segments: readonly (readonly [marker: number, content: Buffer])[]
): Buffer {
  return Buffer.concat([
    jpeg.subarray(0, 2),
    ...segments.map(([marker, content]) => {
      const head = Buffer.from([0xff, marker, 0, 0]);
      head.writeUInt16BE(content.length + 2, 2);
      return Buffer.concat([head, content]);
    }),
    jpeg.subarray(2),
  ]);
}

/** The contents of the segments before the picture, with their markers. */
export function segmentsOf(jpeg: Buffer): { marker: number; content: Buffer }[] {
  const found: { marker: number; content: Buffer }[] = [];
  for (let at = 2; jpeg[at + 1] !== 0xda; at += 2 + jpeg.readUInt16BE(at + 2))
    found.push({
      marker: jpeg[at + 1] ?? 0,
      content: jpeg.subarray(at + 4, at + 2 + jpeg.readUInt16BE(at + 2)),
    });
  return found;
}

export const exifSegment = (block: Buffer) =>
  [0xe1, Buffer.concat([Buffer.from('Exif\0\0'), block])] as const;
export const xmpSegment = (xmp: Buffer) =>
  [0xe1, Buffer.concat([Buffer.from('http://ns.adobe.com/xap/1.0/\0'), xmp])] as const;

/** A PNG with a chunk behind its header. */
export function withChunk(png: Buffer, type: string, data: Buffer): Buffer {
  const crcTable = Array.from({ length: 256 }, (_, byte) => {
    let sum = byte;
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
    return sum >>> 0;
  });
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  let sum = 0xffffffff;
  for (const byte of body) sum = ((crcTable[(sum ^ byte) & 255] ?? 0) ^ (sum >>> 8)) >>> 0;
  const head = Buffer.alloc(4);
  head.writeUInt32BE(data.length, 0);
  const check = Buffer.alloc(4);
  check.writeUInt32BE((sum ^ 0xffffffff) >>> 0, 0);
  return Buffer.concat([png.subarray(0, 33), head, body, check, png.subarray(33)]);
}
