import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { type ErrorMessage, TesseraError } from '../../domain/errors.js';
import { correctedExif } from '../metadata/exif.js';
import { damaged } from '../refusals.js';
import type { Piece } from './container.js';
import { type LoadedHevc, loadHevc } from './hevc/hevc-module.js';
import type { HeifPicture } from './picture.js';
import { RasterFile } from './raster-file.js';
import { TileRows } from './tile-rows.js';

/** Task of the thread. */
export interface DevelopOrder {
  readonly sourcePath: string;
  /** Path of the file to create. */
  readonly rasterPath: string;
  readonly picture: HeifPicture;
  /** ICC profile, from the file or made from its code points. */
  readonly profile: Uint8Array | undefined;
  /** Memory limit of the decoder. */
  readonly maxBytes: number;
}

/** Progress message: so many rows are written. */
export interface RowsDeveloped {
  readonly rows: number;
}

/** Rows between two progress messages: a fraction of a row of tiles, which is decoded at once. */
const ROWS_A_WORD = 64;

/** Final message. */
export type FromDeveloping =
  | { readonly done: true }
  | { readonly refused: ErrorMessage }
  /** Neither picture nor caller is at fault. */
  | { readonly failed: string };

/** The entry of the thread that decodes one HEIC. It blocks only its own event loop. */
const port = parentPort;
if (port === null) throw new Error('A HEIC is decoded in a worker thread.');
const tell = (message: FromDeveloping | RowsDeveloped) => port.postMessage(message);
tell(answerTo(workerData as DevelopOrder));

function answerTo(order: DevelopOrder): FromDeveloping {
  let hevc: LoadedHevc | undefined;
  try {
    hevc = loadHevc(order.maxBytes);
    develop(order, hevc);
    return { done: true };
  } catch (thrown) {
    const starved = hevc?.starved();
    if (starved === 'limit')
      return { refused: damaged('HEIC', 'it takes more memory than its size tells').toMessage() };
    if (thrown instanceof TesseraError && starved === undefined) return { refused: thrown.toMessage() };
    // The code tried to leave its memory. The sandbox has held, and the picture caused it.
    if (thrown instanceof WebAssembly.RuntimeError && starved === undefined)
      return { refused: damaged('HEIC', `libde265: ${thrown.message}`).toMessage() };
    return { failed: failureText(thrown, starved === 'system' || isOutOfMemory(thrown)) };
  }
}

/** V8's message when WebAssembly's first memory cannot be allocated. */
function isOutOfMemory(thrown: unknown): boolean {
  return thrown instanceof RangeError && /out of memory/i.test(thrown.message);
}

/** @param memory whether the system has no memory left. */
function failureText(thrown: unknown, memory: boolean): string {
  const code = memory ? 'ENOMEM' : thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return `${code} ${thrown instanceof Error ? thrown.message : String(thrown)}`;
}

function develop({ sourcePath, rasterPath, picture, profile }: DevelopOrder, hevc: LoadedHevc): void {
  const source = openSync(sourcePath, 'r');
  try {
    const { shown, grey, sixteenBit, cicp, orientation } = picture;
    const read = (pieces: readonly Piece[]) => bytesOf(source, pieces);
    const samples = { sixteenBit, cicp, hasProfile: picture.profile !== undefined };
    const rows = (grid: HeifPicture['colour'], kind: 'colour' | 'grey' | 'alpha') =>
      new TileRows(grid, { ...samples, kind }, hevc, ({ pieces }) => read(pieces));
    const colour = rows(picture.colour, grey ? 'grey' : 'colour');
    const alpha = picture.alpha === undefined ? undefined : rows(picture.alpha, 'alpha');
    const colourChannels = grey ? 1 : 3;
    const channels = colourChannels + (alpha === undefined ? 0 : 1);
    const width = shown.left + shown.width;
    const raster = new RasterFile(rasterPath, { ...shown, grey, sixteenBit }, channels);
    const row = sixteenBit ? new Uint16Array(width * channels) : new Uint8Array(width * channels);
    try {
      for (let y = shown.top; y < shown.top + shown.height; y++) {
        colour.write(y, width, row, 0, channels);
        alpha?.write(y, width, row, colourChannels, channels);
        if (alpha !== undefined && picture.premultiplied) unmultiply(row, channels);
        raster.append(row.subarray(shown.left * channels));
        const rows = y - shown.top + 1;
        if (rows % ROWS_A_WORD === 0) tell({ rows });
      }
      raster.complete({
        // The container's orientation counts (ISO/IEC 23008-12, 6.5.10). EXIF often repeats it, and libvips would
        // apply it again.
        orientation,
        ...(profile === undefined ? {} : { icc: Buffer.from(profile) }),
        ...(picture.exif === undefined ? {} : { exif: unturned(exifOf(read(picture.exif)), shown) }),
        ...(picture.xmp === undefined ? {} : { xmp: read(picture.xmp) }),
      });
    } finally {
      raster.close();
    }
  } finally {
    closeSync(source);
  }
}

function bytesOf(source: number, pieces: readonly Piece[]): Buffer {
  const bytes = Buffer.alloc(pieces.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const { offset, length } of pieces) {
    for (let done = 0; done < length; ) {
      const bytesRead = readSync(source, bytes, filled, length - done, offset + done);
      if (bytesRead === 0) throw damaged('HEIC', 'bytes beyond the end of the file');
      done += bytesRead;
      filled += bytesRead;
    }
  }
  return bytes;
}

/** A TIFF structure after "Exif\0\0", as in other formats. Here a length and so many bytes precede it (ISO/IEC 23008-12, A.2.1). */
function exifOf(item: Buffer): Buffer {
  const start = item.length < 4 ? item.length : 4 + item.readUInt32BE(0);
  return Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), item.subarray(start)]);
}

/**
 * Removes EXIF's orientation, which libvips would apply instead of the container's.
 * @returns EXIF that cannot be read unchanged.
 */
function unturned(exif: Buffer, { width, height }: HeifPicture['shown']): Buffer {
  const corrected = correctedExif(exif, { width, height, resolution: undefined, srgb: false });
  return corrected === undefined ? exif : Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), corrected]);
}

/** Divides colours by alpha, the last of `channels`. Transparent pixels stay as they are. */
function unmultiply(samples: Uint8Array | Uint16Array, channels: number): void {
  const most = samples instanceof Uint16Array ? 65_535 : 255;
  for (let at = 0; at < samples.length; at += channels) {
    const alpha = samples[at + channels - 1] ?? most;
    if (alpha === 0 || alpha === most) continue;
    for (let sample = at; sample < at + channels - 1; sample += 1)
      samples[sample] = Math.min(most, Math.round(((samples[sample] ?? 0) * most) / alpha));
  }
}
