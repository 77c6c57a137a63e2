import { type Cicp, cicpSpace, readNclx } from '../../colour/cicp.js';
import { type Box, boxesIn } from '../../containers/boxes.js';
import type { Bytes } from '../../containers/bytes.js';
import { associations, primaryItem } from '../../containers/heif-items.js';
import type { FileFacts } from '../../image-facts.js';

/** Colour information in one property: code points of ITU-T H.273, a profile that the decoder knows, or brightness alone. */
type Colour = Cicp | 'profile' | 'monochrome';

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
  const properties = ipco.flatMap((box) => [...boxesIn(box)].map(colourOf));
  const primary = pitm.map(primaryItem)[0];
  const own = ipma
    .flatMap(associations)
    .filter(([item]) => item === primary)
    .map(([, property]) => properties[property - 1]);
  const points = [...own, ...properties].find((colour) => typeof colour === 'object');
  if (points === undefined) return {};
  // libheif reads the range of colours, but loses it where there is brightness alone (1.23.5).
  const videoRange = own.includes('monochrome') && own.includes(points) && !points.fullRange;
  const space = own.includes('profile')
    ? undefined
    : cicpSpace(points.primaries, points.transferCharacteristics, 'AVIF');
  return {
    ...(videoRange ? { videoRange } : {}),
    ...(space === undefined ? {} : { rgbSpace: space }),
  };
}

function colourOf({ type, content }: Box): Colour | undefined {
  // After sequence profile and level comes a byte of flags, of which this is the fourth (AV1 in ISOBMFF, 2.3.3).
  if (type === 'av1C') return content.length > 2 && (content.u8(2) & 0x10) !== 0 ? 'monochrome' : undefined;
  if (type !== 'colr' || content.length < 4) return undefined;
  if (content.text(0, 4) !== 'nclx') return 'profile';
  if (content.length < 11) return undefined;
  return readNclx(content);
}
