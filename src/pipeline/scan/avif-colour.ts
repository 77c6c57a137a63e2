import { cicpSpace } from '../colour/cicp.js';
import type { RgbSpace } from '../colour/rgb-space.js';
import { walkBoxes } from './boxes.js';
import type { Bytes } from './bytes.js';
import { associations, ownCount } from './coded-pixels.js';

/** Code points of ITU-T H.273, or a profile that the decoder knows. */
type Colour = { readonly primaries: number; readonly transfer: number } | 'profile';

/**
 * The colour space of the primary picture, by its `colr` properties (ISO/IEC 14496-12, 12.1.5); of any picture where the primary one has none.
 * @param ipco, ipma, pitm contents of the boxes: properties, which item has which, the primary item.
 * @returns undefined for sRGB, and where a profile tells. @throws TesseraError unsupported_image for HDR.
 */
export function avifColour(
  ipco: readonly Bytes[],
  ipma: readonly Bytes[],
  pitm: readonly Bytes[],
  format: string,
): RgbSpace | undefined {
  const properties = ipco.flatMap(colours);
  const primary = pitm.map(primaryItem)[0];
  const own = ipma
    .flatMap(associations)
    .filter(([item]) => item === primary)
    .map(([, property]) => properties[property - 1])
    .filter((colour) => colour !== undefined);
  const told = own.length > 0 ? own : properties.filter((colour) => colour !== undefined);
  const [first] = told;
  if (first === undefined || told.includes('profile') || first === 'profile') return undefined;
  return cicpSpace(first.primaries, first.transfer, format);
}

/** Of each property in turn, so that an association finds its own. */
function colours(ipco: Bytes): (Colour | undefined)[] {
  const found: (Colour | undefined)[] = [];
  walkBoxes(ipco, ownCount(ipco), ({ type, content }) =>
    found.push(type === 'colr' ? colourOf(content) : undefined),
  );
  return found;
}

function colourOf(colr: Bytes): Colour | undefined {
  if (colr.length < 8) return undefined;
  return colr.text(0, 4) === 'nclx' ? { primaries: colr.u16(4), transfer: colr.u16(6) } : 'profile';
}

function primaryItem(pitm: Bytes): number {
  return pitm.u8(0) === 0 ? pitm.u16(4) : pitm.u32(4);
}
