import { cicpSpace } from '../../colour/cicp.js';
import type { FileFacts } from '../../image-facts.js';
import type { Bytes } from '../bytes.js';
import { walkBoxes } from './boxes.js';
import { associations, ownCount } from './coded-pixels.js';

/** Colour information in one property: code points of ITU-T H.273, a profile that the decoder knows, or brightness alone. */
type Colour =
  | { readonly primaries: number; readonly transfer: number; readonly fullRange: boolean }
  | 'profile'
  | 'monochrome';

/**
 * The colours of the primary picture, by its `colr` properties (ISO/IEC 14496-12, 12.1.5) and `av1C`; if it has none,
 * by those of any picture.
 * @param ipco, ipma, pitm contents of the boxes: properties, their association with items, the primary item.
 * @throws TesseraError unsupported_image for HDR.
 */
export function avifColour(
  ipco: readonly Bytes[],
  ipma: readonly Bytes[],
  pitm: readonly Bytes[],
): Pick<FileFacts, 'rgbSpace' | 'videoRange'> {
  const properties = ipco.flatMap(colours);
  const primary = pitm.map(primaryItem)[0];
  const own = ipma
    .flatMap(associations)
    .filter(([item]) => item === primary)
    .map(([, property]) => properties[property - 1]);
  const points = [...own, ...properties].find((colour) => typeof colour === 'object');
  if (points === undefined) return {};
  // libheif reads the range of colours, but loses it where there is brightness alone (1.23.5).
  const videoRange = own.includes('monochrome') && own.includes(points) && !points.fullRange;
  const space = own.includes('profile') ? undefined : cicpSpace(points.primaries, points.transfer, 'AVIF');
  return {
    ...(videoRange ? { videoRange } : {}),
    ...(space === undefined ? {} : { rgbSpace: space }),
  };
}

/** One entry for each property, so that associations find theirs by index. */
function colours(ipco: Bytes): (Colour | undefined)[] {
  const found: (Colour | undefined)[] = [];
  walkBoxes(ipco, ownCount(ipco), ({ type, content }) => found.push(colourOf(type, content)));
  return found;
}

function colourOf(type: string, content: Bytes): Colour | undefined {
  // After sequence profile and level comes a byte of flags, of which this is the fourth (AV1 in ISOBMFF, 2.3.3).
  if (type === 'av1C') return content.length > 2 && (content.u8(2) & 0x10) !== 0 ? 'monochrome' : undefined;
  if (type !== 'colr' || content.length < 4) return undefined;
  if (content.text(0, 4) !== 'nclx') return 'profile';
  if (content.length < 11) return undefined;
  return { primaries: content.u16(4), transfer: content.u16(6), fullRange: content.u8(10) >= 0x80 };
}

function primaryItem(pitm: Bytes): number {
  return pitm.u8(0) === 0 ? pitm.u16(4) : pitm.u32(4);
}
