import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { InputFormat } from '../../src/domain/types.js';
import { bmp24 } from '../pipeline/bmp-files.js';
import {
  coded,
  cropped,
  gridFile,
  heicFile,
  heicPath,
  hevc,
  mirrored,
  nclx,
  rotated,
} from '../pipeline/heic-files.js';
import * as avif from './inputs/avif.js';
import * as bmp from './inputs/bmp.js';
import * as exif from './inputs/exif.js';
import * as gif from './inputs/gif.js';
import * as heic from './inputs/heic.js';
import {
  animation,
  avifPhoto,
  jpegOfCamera,
  pngWithTexts,
  tiffBook,
  tiffPyramid,
  webpPhoto,
} from './inputs/honest.js';
import * as jpeg from './inputs/jpeg.js';
import * as png from './inputs/png.js';
import * as tiff from './inputs/tiff.js';
import * as webp from './inputs/webp.js';

/** Small pictures of every format, usual and hostile ones, from which others are made by changing bytes. */
export async function seeds(): Promise<Readonly<Record<InputFormat, readonly Buffer[]>>> {
  const plain = sharp({ create: { width: 40, height: 30, channels: 4, background: '#369c' } });
  return {
    jpeg: [
      await plain.clone().jpeg().toBuffer(),
      await plain.clone().jpeg({ progressive: true }).toBuffer(),
      await jpegOfCamera(64, 48),
      jpeg.progressiveScans(64, 20),
      jpeg.exifSegments(1, exif.directoryLoop(10)),
    ],
    png: [
      await plain.clone().png().toBuffer(),
      await plain.clone().png({ palette: true }).toBuffer(),
      await pngWithTexts(16, 5),
      png.inflatingTexts('iTXt', 2, 100_000),
      png.animationFrames(5),
    ],
    webp: [
      await plain.clone().webp({ lossless: true }).toBuffer(),
      await webpPhoto(64, 48),
      await animation('webp', 3),
      webp.manyFrames(20),
    ],
    tiff: [
      await plain.clone().tiff({ compression: 'deflate' }).toBuffer(),
      await plain.clone().tiff({ compression: 'lzw', tile: true, pyramid: true }).toBuffer(),
      await tiffBook(3),
      await tiffPyramid(128),
      tiff.sharedTag('profile', 20, 1000),
      tiff.overlappingTags(100, 8),
      tiff.nestedSubDirectories(5),
    ],
    bmp: [bmp24(31, 17, () => [1, 2, 3]), bmp.runsBeyondRow(8, 50), bmp.jumps(20, 255)],
    avif: [
      await plain.clone().avif({ effort: 0 }).toBuffer(),
      await avifPhoto(64, 48),
      avif.overlappingExtents('exif', 5, 8, 500),
      avif.hugeGrid(2, 2),
    ],
    heic: [
      await readFile(heicPath('alpha')),
      heicFile(gridFile([rotated(1), mirrored(0), nclx(12, 13, 6)])),
      heicFile({ items: [hevc(coded('plain'), [cropped(40, 32)])] }),
      heic.repeatedTile(3, 3),
      heic.endlessGrid(),
    ],
    gif: [await plain.clone().gif().toBuffer(), await animation('gif', 3), gif.manyFrames(20)],
  };
}
