/** The pieces of AVIF files: boxes by ISO/IEC 14496-12, and one picture to put into them. */

/** A flat picture of 64 x 64 pixels: an AV1 key frame. */
export const KEY_FRAME = Buffer.from(
  '12000a0918157ffda2021a0d0832161c478785ddc0002c000097bf3d90b7c9ec33655620f5',
  'hex',
);
/** Its av1C. */
export const CONFIGURATION = Buffer.from('81000c00', 'hex');
/** Its width and height in pixels. */
export const SIDE = 64;

/** The same with 2,048 x 2,048 pixels in 118 bytes, its av1C, and its sides. */
export const LARGE_KEY_FRAME = Buffer.from(
  '12000a0a1b2abfffff688086834232661311e1e17774d34d30b1b020cfca2af71979d33c10c4243038f556a869dd8255' +
    'bc159a18a1cc8e6bdd7f26dddc2a5ba863f9533176fe0fe4fcb4e530fb9b7e3a64c969d2abe96777f1f446c212608763' +
    'c952b03a79fcefa889295e0238de2098c5fbe41aece0',
  'hex',
);
export const LARGE_CONFIGURATION = Buffer.from('810c0c00', 'hex');
export const LARGE_SIDE = 2048;

/** Values of two bytes. */
export function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}

/** Values of four bytes. */
export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

/** What a box holds: lists are written one after the other. */
type Content = readonly (Buffer | readonly Buffer[])[];

/** A box with its length. */
export function box(type: string, ...parts: Content): Buffer {
  const content = Buffer.concat(parts.flat());
  return Buffer.concat([u32(content.length + 8), Buffer.from(type, 'latin1'), content]);
}

/** A box with a version and no flags. */
export function fullBox(type: string, version: number, ...parts: Content): Buffer {
  return box(type, u32(version * 2 ** 24), ...parts);
}

/** The same thing many times, without a copy. */
export function repeated<T>(value: T, count: number): T[] {
  return Array.from({ length: count }, () => value);
}
