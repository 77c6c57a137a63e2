/** Pictures as honest programs make them, each at what is natural for its format at most: these are accepted. */

import sharp, { type Sharp } from 'sharp';
import { gridFile, heicFile } from '../../pipeline/heic-files.js';
import { directory } from './exif.js';
import { segment } from './jpeg.js';
import { pngChunk } from './png.js';

/** Interleaved RGB with something to see: waves and a fixed noise. */
function waves(width: number, height: number): Buffer {
  const pixels = Buffer.alloc(width * height * 3);
  let noise = 1;
  for (let at = 0, pixel = 0; at < pixels.length; at += 3, pixel += 1) {
    const x = pixel % width;
    const y = (pixel - x) / width;
    noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
    const grain = noise >>> 28;
    pixels[at] = 100 + 80 * Math.sin(x / 17) + grain;
    pixels[at + 1] = 100 + 80 * Math.sin(y / 23) + grain;
    pixels[at + 2] = 100 + 80 * Math.sin((x + y) / 31) + grain;
  }
  return pixels;
}

function photo(width: number, height: number): Sharp {
  return sharp(waves(width, height), { raw: { width, height, channels: 3 } });
}

/** Pages, or frames, of 64 x 64 pixels. */
function pages64(pages: number): Sharp {
  return sharp(waves(64, 64 * pages), {
    raw: { width: 64, height: 64 * pages, channels: 3, pageHeight: 64 },
  });
}

/** A scanned book: `pages` pages of 64 x 64 pixels. */
export function tiffBook(pages: number): Promise<Buffer> {
  return pages64(pages).tiff({ compression: 'deflate' }).toBuffer();
}

/** A large picture in tiles, with its smaller sizes behind it, profile, EXIF and XMP. */
export function tiffPyramid(side: number): Promise<Buffer> {
  return photo(side, side)
    .withIccProfile('p3')
    .withExif(PHOTO_EXIF)
    .withXmp(xmp(20_000))
    .tiff({ tile: true, pyramid: true, tileWidth: 128, tileHeight: 128, compression: 'jpeg' })
    .toBuffer();
}

const PHOTO_EXIF = {
  IFD0: {
    Make: 'Maker',
    Model: 'Model',
    Software: 'Darkroom',
    Copyright: 'c',
    ImageDescription: 'A picture',
  },
  IFD2: { ExposureTime: '1/250', FNumber: '28/10', UserComment: 'A comment of a reader' },
};

function xmp(bytes: number): string {
  const begin =
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">';
  return `${begin}${' '.repeat(bytes)}</rdf:RDF></x:xmpmeta>`;
}

/** A photo by mozjpeg's progressive settings, which try the most scans, with profile, EXIF and XMP. */
export function jpegPhoto(width: number, height: number): Promise<Buffer> {
  return photo(width, height)
    .withIccProfile('p3')
    .withExif(PHOTO_EXIF)
    .withXmp(xmp(20_000))
    .jpeg({ mozjpeg: true, quality: 90 })
    .toBuffer();
}

/** A camera's file: a large thumbnail in EXIF, a maker's note, a profile in ten segments, XMP in 40 parts, comments. */
export async function jpegOfCamera(width: number, height: number): Promise<Buffer> {
  const plain = await photo(width, height).jpeg({ quality: 90 }).toBuffer();
  const note = Buffer.alloc(40_000, 0x4e);
  const exif = segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), directory(note)]));
  const profile = Array.from({ length: 10 }, (_, index) =>
    segment(
      0xe2,
      Buffer.concat([
        Buffer.from('ICC_PROFILE\0', 'latin1'),
        Buffer.from([index + 1, 10]),
        Buffer.alloc(60_000),
      ]),
    ),
  );
  const extension = Array.from({ length: 40 }, () =>
    segment(0xe1, Buffer.concat([Buffer.from('http://ns.adobe.com/xmp/extension/\0'), Buffer.alloc(65_000)])),
  );
  const comments = Array.from({ length: 20 }, () => segment(0xfe, Buffer.from('A comment of an editor')));
  return Buffer.concat([
    plain.subarray(0, 2),
    exif,
    ...profile,
    ...extension,
    ...comments,
    plain.subarray(2),
  ]);
}

/** A picture with a profile, EXIF, XMP and twenty texts, as diffusion programs write their settings. */
export async function pngWithTexts(side: number, texts: number): Promise<Buffer> {
  const plain = await photo(side, side)
    .withIccProfile('p3')
    .withExif(PHOTO_EXIF)
    .withXmp(xmp(20_000))
    .png()
    .toBuffer();
  const headerEnd = 33;
  const chunks = Array.from({ length: texts }, (_, index) =>
    pngChunk('tEXt', Buffer.from(`Parameters ${index}\0${'steps: 20, sampler, seed; '.repeat(40)}`)),
  );
  return Buffer.concat([plain.subarray(0, headerEnd), ...chunks, plain.subarray(headerEnd)]);
}

/** Sixteen bits, interlaced: the form that takes most of a reader. */
export function pngInterlaced(side: number): Promise<Buffer> {
  return photo(side, side).toColourspace('rgb16').png({ progressive: true, compressionLevel: 1 }).toBuffer();
}

/** An animation of `frames` frames of 64 x 64 pixels. */
export function animation(format: 'gif' | 'webp', frames: number): Promise<Buffer> {
  const film = pages64(frames);
  return (
    format === 'gif'
      ? film.gif({ delay: 40, effort: 1, colours: 8 })
      : film.webp({ quality: 60, effort: 0, delay: 40 })
  ).toBuffer();
}

/** A photo with a profile, EXIF and XMP. */
export function avifPhoto(width: number, height: number): Promise<Buffer> {
  return photo(width, height)
    .withIccProfile('p3')
    .withExif(PHOTO_EXIF)
    .withXmp(xmp(20_000))
    .avif({ quality: 60, effort: 0 })
    .toBuffer();
}

/** The same as WebP. */
export function webpPhoto(width: number, height: number): Promise<Buffer> {
  return photo(width, height)
    .withIccProfile('p3')
    .withExif(PHOTO_EXIF)
    .withXmp(xmp(20_000))
    .webp({ quality: 80, effort: 0 })
    .toBuffer();
}

/** All of them, by what they are. */
export const HONEST: readonly (readonly [name: string, make: () => Promise<Buffer>])[] = [
  ['a TIFF of 1,000 pages', () => tiffBook(1000)],
  ['a TIFF pyramid in tiles', () => tiffPyramid(4096)],
  ['a progressive JPEG of 12 megapixels', () => jpegPhoto(4000, 3000)],
  ["a camera's JPEG with 3 MB of metadata", () => jpegOfCamera(4000, 3000)],
  ['a PNG with profile, EXIF, XMP and twenty texts', () => pngWithTexts(2000, 20)],
  ['an interlaced PNG of 16 bits', () => pngInterlaced(2000)],
  ['a GIF of 500 frames', () => animation('gif', 500)],
  ['a WebP of 500 frames', () => animation('webp', 500)],
  ['an AVIF of 12 megapixels with metadata', () => avifPhoto(4000, 3000)],
  ['a HEIC in tiles', async () => heicFile(gridFile())],
  ['a WebP of 12 megapixels with metadata', () => webpPhoto(4000, 3000)],
];
