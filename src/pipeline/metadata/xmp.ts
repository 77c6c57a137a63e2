import type { Corrections } from './exif.js';
import { type Element, everyElement, parseXml, type Replacement, replaced, type Span } from './xml.js';

const TIFF = 'http://ns.adobe.com/tiff/1.0/';
const EXIF = 'http://ns.adobe.com/exif/1.0/';
const BASIC = 'http://ns.adobe.com/xap/1.0/';
const PHOTOSHOP = 'http://ns.adobe.com/photoshop/1.0/';

/** Of what a result cannot have any more; the colours' profile only where it was converted. */
const ORIENTATIONS: ReadonlySet<string> = new Set([`${TIFF}Orientation`, `${EXIF}Orientation`]);
const THUMBNAILS = `${BASIC}Thumbnails`;
const PROFILE_NAME = `${PHOTOSHOP}ICCProfile`;

/** More is no description of a picture. */
const MAX_XMP_BYTES = 16_000_000;

/** The text of XMP in UTF-8 or UTF-16; undefined for other encodings, and for more than 16 MB. */
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
    // It names the encoding that the text had.
    return utf16 === undefined ? text : text.replace(/^\s*<\?xml\s[^>]*\?>/, '');
  } catch {
    return undefined;
  }
}

/**
 * XMP that tells of the result: without orientation, which was applied, without thumbnails, and with the new size, whatever prefixes
 * it uses. The rest is the same letter by letter.
 * @param text from `xmpText`. @returns undefined when it is not well-formed.
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
      if (isDropped(name, corrections)) replacements.push({ start, end, text: '' });
      else if (correct !== undefined) replacements.push({ ...value, text: correct });
    }
    const name = element.namespace + element.local;
    const correct = values.get(name);
    const content = simpleContent(element);
    if (isDropped(name, corrections)) replacements.push({ start: element.start, end: element.end, text: '' });
    else if (correct !== undefined && content !== undefined) replacements.push({ ...content, text: correct });
  }
  return replaced(text, replacements);
}

function isDropped(name: string, { srgb }: Corrections): boolean {
  return ORIENTATIONS.has(name) || name === THUMBNAILS || (srgb && name === PROFILE_NAME);
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
