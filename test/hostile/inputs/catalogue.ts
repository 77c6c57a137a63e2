/** Every hostile picture at a size that hurts a reader without bounds, or that looks as if it might. */

import type { InputFormat } from '../../../src/domain/types.js';
import * as avif from './avif.js';
import * as hidden from './avif-hidden.js';
import { sequenceSamples } from './avif-sequence.js';
import * as bmp from './bmp.js';
import * as exif from './exif.js';
import * as gif from './gif.js';
import * as heic from './heic.js';
import * as jpeg from './jpeg.js';
import * as png from './png.js';
import * as tiff from './tiff.js';
import * as webp from './webp.js';

export interface HostilePicture {
  readonly format: InputFormat;
  /** What the attack is, as a test's name says it. */
  readonly name: string;
  /** Made anew at each call; some take a second and 25 MB. */
  readonly make: () => Buffer;
}

type Attack = readonly [name: string, make: () => Buffer];

function attacks(format: InputFormat, ...each: readonly Attack[]): HostilePicture[] {
  return each.map(([name, make]) => ({ format, name, make }));
}

/**
 * Those that cost a reader without bounds a second of processor time or 200 MB at least (sharp 0.35.5, libvips 8.18): to be
 * refused as unsupported_image before it sees them.
 */
export const REFUSED: readonly HostilePicture[] = [
  ...attacks(
    'tiff',
    ['1,000 directories share a profile of 5 MB', () => tiff.sharedTag('profile', 1000, 5_000_000)],
    [
      '1,000 BigTIFF directories share a profile of 5 MB',
      () => tiff.sharedTag('profile', 1000, 5_000_000, true),
    ],
    ['1,000 directories share a description of 5 MB', () => tiff.sharedTag('description', 1000, 5_000_000)],
    ['1,000 directories share XMP of 5 MB', () => tiff.sharedTag('xmp', 1000, 5_000_000)],
    ['1,000 directories share an unknown tag of 5 MB', () => tiff.sharedTag('unknown', 1000, 5_000_000)],
    ['180,000 directories of one pixel', () => tiff.manyDirectories(180_000)],
    ['4,000 unknown tags in one directory', () => tiff.overlappingTags(4000, 8)],
    ['1,000 directories of 100 unknown tags', () => tiff.overlappingTags(100, 8, 1000)],
    ['4,000 tags name the same megabyte', () => tiff.overlappingTags(4000, 1_000_000)],
    ['1,000 directories share a table of a million strips', () => tiff.stripTable(1_000_000, 1000)],
  ),
  ...attacks(
    'png',
    ['20 zTXt chunks inflate to 15 MB each', () => png.inflatingTexts('zTXt', 20, 15_000_000)],
    ['20 iTXt chunks inflate to 15 MB each', () => png.inflatingTexts('iTXt', 20, 15_000_000)],
    ['200 zTXt chunks inflate to 8 MB each', () => png.inflatingTexts('zTXt', 200, 8_000_000)],
    ['a profile inflates to 50 MB', () => png.inflatingProfile(50_000_000)],
    ['500,000 gamma chunks, each with a warning', () => png.manyChunks('gAMA', 500_000)],
    ['a million empty pixel chunks', () => png.emptyPixelChunks(1_000_000)],
    ['an EXIF chunk of 60,000 directories in circles', () => png.exifChunk(exif.directoryLoop(60_000))],
  ),
  ...attacks(
    'jpeg',
    ['2,649 progressive scans of 100 megapixels', () => jpeg.progressiveScans(10_000, 2649)],
    [
      'the same behind a stray byte',
      () => jpeg.behindStart(Buffer.from([0x41]), jpeg.progressiveScans(10_000, 2649)),
    ],
    [
      'the same behind markers that stand alone',
      () =>
        jpeg.behindStart(Buffer.from([0xff, 0x01, 0xff, 0xd3, 0xff, 0]), jpeg.progressiveScans(10_000, 2649)),
    ],
    ['30,000 arithmetic-coded scans without data', () => jpeg.emptyScans(10_000, 30_000, 0xca)],
    ['20 MB of fill bytes before the header', () => jpeg.fillBytes(20_000_000, 'header')],
    ['an EXIF segment of 5,000 directories in circles', () => jpeg.exifSegments(1, exif.directoryLoop(5000))],
  ),
  ...attacks(
    'avif',
    ['50 EXIF items of 32 extents of 500 kB', () => avif.overlappingExtents('exif', 50, 32, 500_000)],
    ['50 XMP items of 32 extents of 500 kB', () => avif.overlappingExtents('xmp', 50, 32, 500_000)],
    ['50 XMP items of 32 extents of idat', () => avif.overlappingExtents('xmp', 50, 32, 500_000, true)],
    [
      '50 XMP items of 32 extents that describe nothing',
      () => avif.overlappingExtents('xmp', 50, 32, 500_000, false, false),
    ],
  ),
  ...attacks(
    'avif',
    ['225 cells of four megapixels behind 64 x 64 pixels', () => hidden.hiddenGrid(15, 15)],
    ['a profile of 20 MB, read byte by byte', () => avif.sharedProfile(1, 20_000_000)],
    ['a name of 10 MB, read byte by byte', () => avif.longName(10_000_000)],
    ['an image sequence of five million listed samples', () => sequenceSamples(5_000_000, true)],
  ),
  ...attacks(
    'gif',
    ['a million frames of one pixel', () => gif.manyFrames(1_000_000)],
    ['a comment in ten million pieces', () => gif.tinyPieces('comment', 10_000_000)],
    ['pixels in ten million pieces', () => gif.tinyPieces('pixels', 10_000_000)],
  ),
  ...attacks(
    'webp',
    ['400,000 frames of one pixel', () => webp.manyFrames(400_000)],
    ['two million unknown chunks in a frame', () => webp.chunksInFrame(2_000_000)],
  ),
];

/** Those that no bound needs to refuse, because readers have one of their own or take no harm: whatever the answer, it comes soon. */
export const ANSWERED: readonly HostilePicture[] = [
  ...attacks(
    'tiff',
    ['a loop of directories', () => tiff.directoryLoop(10)],
    ['a loop of BigTIFF directories', () => tiff.directoryLoop(1000, true)],
    ['a profile that claims four billion bytes', () => tiff.claimedCount('profile', 0xffffffff)],
    ['a BigTIFF tag that claims a trillion bytes', () => tiff.claimedCount('unknown', 1e12, true)],
    ['a million sub-directories', () => tiff.subDirectories(1_000_000)],
    ['10,000 nested sub-directories', () => tiff.nestedSubDirectories(10_000)],
    ['a tile of 65,520 x 65,520 pixels', () => tiff.hugeTile(65_520)],
    ['a strip that is a JPEG of 1,000 scans', () => tiff.jpegStrip(2048, 1000)],
  ),
  ...attacks(
    'png',
    ['a hidden EXIF text that inflates to 100 MB', () => png.rawProfileText('exif', 50_000_000)],
    ['60,000 overlapping EXIF entries', () => png.exifChunk(exif.overlappingEntries(60_000, 10_000))],
    ['500,000 unknown chunks', () => png.manyChunks('prVt', 500_000)],
    ['a text of 20 MB', () => png.hugeText(20_000_000)],
    ['a palette of a million colours', () => png.hugePalette(1_000_000)],
    ['100 black megapixels', () => png.blackPicture(10_000, 8)],
    ['100 black megapixels of 16 bits, interlaced', () => png.blackPicture(10_000, 16, true)],
    ['100,000 texts', () => png.manyTexts(100_000)],
    ['pixels that inflate to 200 MB', () => png.surplusPixels(200_000_000)],
    ['100,000 frames', () => png.animationFrames(100_000)],
  ),
  ...attacks(
    'jpeg',
    ['100 baseline scans', () => jpeg.baselineScans(4096, 100)],
    ['200,000 comments', () => jpeg.manyComments(200_000)],
    ['400 XMP segments', () => jpeg.xmpSegments(400)],
    ['500,000 profile segments', () => jpeg.profileSegments(500_000, 1)],
    ['5,000 EXIF entries of four billion values', () => jpeg.exifSegments(1, exif.claimedCounts(5000))],
    ['300,000 quantisation tables', () => jpeg.manyTables('quantisation', 300_000)],
    ['300,000 Huffman tables', () => jpeg.manyTables('huffman', 300_000)],
    ['ten million restart markers', () => jpeg.restartStorm(10_000_000, 16)],
    ['20 MB of fill bytes in the pixels', () => jpeg.fillBytes(20_000_000, 'pixels')],
    ['100,000 pictures in one file', () => jpeg.manyPictures(100_000)],
    ['100 flat megapixels', () => jpeg.flatPicture(10_000)],
  ),
  ...attacks(
    'avif',
    ['10,000 pictures', () => avif.manyPictures(10_000)],
    ['10,000 extents', () => avif.manyExtents(10_000)],
    ['100,000 references', () => avif.manyReferences('cdsc', 100_000)],
    ['100,000 properties', () => avif.manyProperties(100_000, true)],
    ['a million unknown boxes', () => avif.manyBoxes(1_000_000)],
    ['100,000 nested boxes', () => avif.deepBoxes(100_000)],
    ['a grid of 128 x 128 cells', () => avif.hugeGrid(128, 128)],
    [
      'overlays of grids',
      () =>
        avif.nestedPictures([
          { type: 'grid', times: 200 },
          { type: 'iovl', times: 200 },
        ]),
    ],
    [
      'a chain of two identities',
      () =>
        avif.nestedPictures([
          { type: 'iden', times: 1 },
          { type: 'iden', times: 1 },
        ]),
    ],
    ['four megapixels behind a size of 64 x 64', () => hidden.understatedSize()],
    ['four megapixels cropped to 64 x 64', () => hidden.croppedPicture()],
    ['an image sequence of four billion samples', () => sequenceSamples(0xffffffff, false)],
  ),
  ...attacks(
    'webp',
    ['two million unknown chunks', () => webp.manyChunks(2_000_000, 'before')],
    ['a million EXIF chunks', () => webp.metadata('EXIF', 1_000_000, Buffer.alloc(8))],
    ['a profile of 25 MB', () => webp.metadata('ICCP', 1, Buffer.alloc(25_000_000))],
  ),
  ...attacks(
    'gif',
    ['a million comments', () => gif.manyExtensions('comment', 1_000_000)],
    ['a million delays without a picture', () => gif.manyExtensions('control', 1_000_000)],
    ['a frame of 81 megapixels on a screen of one', () => gif.framesBeyondScreen(1, 9000)],
  ),
  ...attacks(
    'heic',
    ['67 megapixels behind 64 x 64 pixels', () => heic.understatedSize()],
    ['a grid of one tile, 2,116 times', () => heic.repeatedTile(46, 46)],
    ['a grid of one tile, 1,936 times', () => heic.repeatedTile(44, 44)],
    ['a grid that is a tile of itself', () => heic.endlessGrid()],
    ['a tile in four million pieces', () => heic.tinyPieces(4_000_000)],
    ['400 kB of parameters for a tile', () => heic.hugeParameters(400_000)],
  ),
  ...attacks(
    'bmp',
    ['12 million runs that leave their row, of 8 bits', () => bmp.runsBeyondRow(8, 12_000_000)],
    ['12 million runs that leave their row, of 4 bits', () => bmp.runsBeyondRow(4, 12_000_000)],
    ['100,000 pieces of literal pixels that leave their row', () => bmp.literalsBeyondRow(100_000)],
    ['six million jumps', () => bmp.jumps(6_000_000, 255)],
    ['a picture of 100 megapixels in empty rows', () => bmp.emptyRows(10_000)],
    ['a palette of four billion colours', () => bmp.claimedPalette(8)],
    ['81 megapixels that are not there', () => bmp.claimedSize(9000, 9000)],
  ),
];
