import { curveOf } from './icc-curve.js';
import { type Matrix, product, type Triple } from './matrix.js';
import { fromConnectionSpace } from './rgb-space.js';
import type { ColourTransform } from './transform.js';

/** The colour space of a profile, in four letters of its header (ICC.1:2022, 7.2.8). */
export type ProfileColours = 'RGB ' | 'GRAY';

const COLOURS_AT = 16;
const CONNECTION_AT = 20;
const SIGNATURE_AT = 36;
const TAG_COUNT_AT = 128;
const MAX_TAGS = 200;

/** Grey has no primaries. */
const IDENTITY: Matrix = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

/**
 * How a profile can be used: `transform` for curves and primaries, which Tessera computes exactly; `tables` for
 * others (`A2B0`), which lcms computes; `unusable` for damaged ones and other colour spaces.
 */
type UsableProfile = ColourTransform | 'tables' | 'unusable';

/** The four letters of the colour space in a profile's header; undefined for bytes that are no profile. */
export function profileColours(icc: Buffer): string | undefined {
  return text(icc, SIGNATURE_AT) === 'acsp' ? text(icc, COLOURS_AT) : undefined;
}

/** @param icc any bytes, hopefully a profile (ICC.1:2022). */
export function usableProfile(icc: Buffer, colours: ProfileColours): UsableProfile {
  if (icc.length < TAG_COUNT_AT + 4 || profileColours(icc) !== colours) return 'unusable';
  const tags = tagsOf(icc);
  if (['mft1', 'mft2', 'mAB '].includes(text(tags.get('A2B0') ?? Buffer.alloc(4), 0))) return 'tables';
  return (colours === 'GRAY' ? greyTransform(tags) : rgbTransform(icc, tags)) ?? 'unusable';
}

/** Contents of the tags within the profile, by name. */
function tagsOf(icc: Buffer): ReadonlyMap<string, Buffer> {
  const tags = new Map<string, Buffer>();
  const count = Math.min(MAX_TAGS, icc.readUInt32BE(TAG_COUNT_AT));
  for (let at = TAG_COUNT_AT + 4; at + 12 <= icc.length && tags.size < count; at += 12) {
    const [start, length] = [icc.readUInt32BE(at + 4), icc.readUInt32BE(at + 8)];
    if (length >= 4 && start + length <= icc.length)
      tags.set(text(icc, at), icc.subarray(start, start + length));
  }
  return tags;
}

function greyTransform(tags: ReadonlyMap<string, Buffer>): ColourTransform | undefined {
  const curve = curveOf(tags.get('kTRC'));
  return curve === undefined ? undefined : { curves: [curve, curve, curve], matrix: IDENTITY };
}

/** Colourants are the columns of the matrix to XYZ (ICC.1:2022, F.3). */
function rgbTransform(icc: Buffer, tags: ReadonlyMap<string, Buffer>): ColourTransform | undefined {
  if (text(icc, CONNECTION_AT) !== 'XYZ ') return undefined;
  const [red, green, blue] = [
    curveOf(tags.get('rTRC')),
    curveOf(tags.get('gTRC')),
    curveOf(tags.get('bTRC')),
  ];
  const [r, g, b] = [xyzOf(tags.get('rXYZ')), xyzOf(tags.get('gXYZ')), xyzOf(tags.get('bXYZ'))];
  if (red === undefined || green === undefined || blue === undefined) return undefined;
  if (r === undefined || g === undefined || b === undefined) return undefined;
  const colourants: Matrix = [
    [r[0], g[0], b[0]],
    [r[1], g[1], b[1]],
    [r[2], g[2], b[2]],
  ];
  return { curves: [red, green, blue], matrix: product(fromConnectionSpace(), colourants) };
}

/** Three s15Fixed16Numbers. */
function xyzOf(tag: Buffer | undefined): Triple | undefined {
  if (tag === undefined || tag.length < 20 || text(tag, 0) !== 'XYZ ') return undefined;
  const at = (index: number) => tag.readInt32BE(8 + index * 4) / 65_536;
  return [at(0), at(1), at(2)];
}

function text(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 4);
}
