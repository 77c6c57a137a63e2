import type { Corrections } from './exif.js';
import { type Element, everyElement, parseXml, type Replacement, replaced, type Span } from './xml.js';

const TIFF = 'http://ns.adobe.com/tiff/1.0/';
const EXIF = 'http://ns.adobe.com/exif/1.0/';
const BASIC = 'http://ns.adobe.com/xap/1.0/';
const PHOTOSHOP = 'http://ns.adobe.com/photoshop/1.0/';

const ORIENTATIONS: ReadonlySet<string> = new Set([`${TIFF}Orientation`, `${EXIF}Orientation`]);
const THUMBNAILS = `${BASIC}Thumbnails`;
const PROFILE_NAME = `${PHOTOSHOP}ICCProfile`;
/** Properties of companions that the result does not have: gain maps, and their list. */
const COMPANIONS: ReadonlySet<string> = new Set([
  'http://ns.adobe.com/hdr-gain-map/1.0/',
  'http://ns.apple.com/HDRGainMap/1.0/',
  'http://ns.google.com/photos/1.0/container/',
]);
/** The film of a moving photo. */
const FILM = /^http:\/\/ns\.google\.com\/photos\/1\.0\/camera\/(MotionPhoto|MicroVideo)/;

/** Limit of XMP; more is no description of a picture. */
const MAX_XMP_BYTES = 16_000_000;

/** Decodes XMP in UTF-8 or UTF-16; undefined for other encodings, and for more than 16 MB. */
export function xmpText(xmp: Buffer): string | undefined {
  if (xmp.length > MAX_XMP_BYTES) return undefined;
  const [first = 0, second = 0] = xmp;
  const utf16 =
    (first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)
      ? 'utf-16le'
      : (first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)
        ? 'utf-16be'
        : undefined;
  try {
    const text = new TextDecoder(utf16 ?? 'utf-8', { fatal: true }).decode(xmp).replace(/\0+$/, '');
    // The declaration names the former encoding.
    return utf16 === undefined ? text : text.replace(/^\s*<\?xml\s[^>]*\?>/, '');
  } catch {
    return undefined;
  }
}

/**
 * XMP that is true of the result: without orientation (it was applied), thumbnails, gain maps and appended films, and
 * with the new size, whatever prefixes it uses. The rest stays letter by letter.
 * @param text from `xmpText`.
 * @returns undefined when it is malformed.
 */
export function correctedXmp(text: string, corrections: Corrections): string | undefined {
  const roots = parseXml(text);
  if (roots === undefined) return undefined;
  const replacements: Replacement[] = [];
  const values = valuesOf(corrections);
  for (const element of everyElement(roots)) {
    for (const { namespace, local, start, end, value } of element.attributes) {
      const name = namespace + local;
      const correct = values.get(name);
      if (isDropped(namespace, local, corrections)) replacements.push({ start, end, text: '' });
      else if (correct !== undefined) replacements.push({ ...value, text: correct });
    }
    const name = element.namespace + element.local;
    const correct = values.get(name);
    const content = simpleContent(element);
    if (isDropped(element.namespace, element.local, corrections))
      replacements.push({ start: element.start, end: element.end, text: '' });
    else if (correct !== undefined && content !== undefined) replacements.push({ ...content, text: correct });
  }
  return replaced(text, replacements);
}

/** The profile's name is removed only where colours were converted. */
function isDropped(namespace: string, local: string, { srgb }: Corrections): boolean {
  const name = namespace + local;
  return (
    ORIENTATIONS.has(name) ||
    name === THUMBNAILS ||
    COMPANIONS.has(namespace) ||
    FILM.test(name) ||
    (srgb && name === PROFILE_NAME)
  );
}

function valuesOf({ width, height, srgb }: Corrections): Map<string, string> {
  const values = new Map<string, string>();
  for (const name of [`${TIFF}ImageWidth`, `${EXIF}PixelXDimension`]) values.set(name, String(width));
  for (const name of [`${TIFF}ImageLength`, `${EXIF}PixelYDimension`]) values.set(name, String(height));
  if (srgb) values.set(`${EXIF}ColorSpace`, '1');
  return values;
}

function simpleContent({ content, children }: Element): Span | undefined {
  return children.length === 0 ? content : undefined;
}
