import { type FileHandle, open } from 'node:fs/promises';
import sharp, { type JpegOptions } from 'sharp';
import { asDiskFull } from '../../host/disk-full.js';
import type { Samples } from '../../tiling/raster.js';
import type { ResultMetadata } from '../metadata/image-metadata.js';
import { metadataSegments, profileSegments } from '../metadata/jpeg-segments.js';
import { toGrey } from '../raster/planes.js';
import { allocateSamples, type RowSink } from '../raster/row-sink.js';

/** A strip is about an eighth of the image within these bounds. Each costs a millisecond besides its encoding. */
const MIN_STRIP_PIXELS = 1_000_000;
const MAX_STRIP_PIXELS = 4_000_000;

/** A restart interval is a 16-bit count of blocks. */
const MAX_RESTART_INTERVAL = 65_535;

const NO_SAMPLES = new Uint8Array(0);

const SOF0 = 0xc0;
const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const DRI = 0xdd;
const RST0 = 0xd0;

export interface JpegShape {
  readonly width: number;
  readonly height: number;
  readonly grey: boolean;
  /** The profile in the header. */
  readonly icc: Buffer | undefined;
  /** EXIF and XMP in the header; they passed `fitsJpeg`. */
  readonly metadata: ResultMetadata;
}

/**
 * Encodes a JPEG while its rows are still being computed, several strips at a time, so that neither a canvas nor a wait
 * for one core is needed. Each strip is a JPEG of its own with the same fixed tables (hence `optimiseCoding: false`);
 * their entropy-coded data, joined by restart markers, are the scan of the whole image (ITU-T T.81, B.2.1 and E.1.4).
 * The pixels are those of one call of the encoder, bit by bit.
 */
export class JpegStrips implements RowSink {
  readonly #file: FileHandle;
  readonly #shape: JpegShape;
  readonly #options: JpegOptions;
  readonly #stripRows: number;
  readonly #interval: number;
  readonly #inFlight: number;
  #rows: Samples = NO_SAMPLES;
  /** Rows in the buffer that are finished but not yet handed to an encoder. */
  #finished = 0;
  #held = 0;
  #rowsDone = 0;
  #strips = 0;
  #encoding: Promise<void>[] = [];
  #writing: Promise<void> = Promise.resolve();
  #bytes = 0;

  private constructor(file: FileHandle, shape: JpegShape, options: JpegOptions, threads: number) {
    this.#file = file;
    this.#shape = shape;
    this.#options = options;
    this.#inFlight = threads + 1;
    const blockRows = !shape.grey && options.chromaSubsampling !== '4:4:4' ? 16 : 8;
    const blocksAcross = Math.ceil(shape.width / blockRows);
    const eighth = (shape.width * shape.height) / 8;
    const stripPixels = Math.min(MAX_STRIP_PIXELS, Math.max(MIN_STRIP_PIXELS, eighth));
    const wanted = Math.max(1, Math.round(stripPixels / (shape.width * blockRows)));
    const blockRowsInStrip = Math.min(wanted, Math.floor(MAX_RESTART_INTERVAL / blocksAcross));
    this.#stripRows = blockRowsInStrip * blockRows;
    this.#interval = blockRowsInStrip * blocksAcross;
  }

  /** @param threads strips that are encoded at the same time. */
  static async create(
    path: string,
    shape: JpegShape,
    options: JpegOptions,
    threads: number,
  ): Promise<JpegStrips> {
    return new JpegStrips(await open(path, 'w', 0o600), shape, options, threads);
  }

  window(rows: number): Samples {
    const stride = this.#shape.width * 3;
    const needed = (this.#finished + rows) * stride;
    if (this.#rows.length < needed) {
      const grown = allocateSamples(needed, false);
      grown.set(this.#rows.subarray(0, this.#held * stride));
      this.#rows = grown;
    }
    this.#held = Math.max(this.#held, this.#finished + rows);
    return this.#rows.subarray(this.#finished * stride, needed);
  }

  async finish(rows: number): Promise<void> {
    this.#finished += rows;
    this.#rowsDone += rows;
    const stride = this.#shape.width * 3;
    const last = this.#rowsDone === this.#shape.height;
    let from = 0;
    while (this.#finished - from >= this.#stripRows || (last && this.#finished > from)) {
      const to = Math.min(from + this.#stripRows, this.#finished);
      if (this.#encoding.length >= this.#inFlight) await this.#encoding.shift();
      this.#encode(this.#rows.subarray(from * stride, to * stride), to - from);
      from = to;
    }
    if (from === 0) return;
    // The encoders still read this buffer.
    const kept = this.#rows.subarray(from * stride, this.#held * stride);
    this.#rows = last ? NO_SAMPLES : allocateSamples(this.#rows.length, false);
    if (!last) this.#rows.set(kept);
    this.#held -= from;
    this.#finished -= from;
  }

  #encode(rgb: Samples, rows: number): void {
    const { width, grey } = this.#shape;
    const strip = this.#strips;
    this.#strips += 1;
    const pixels = grey ? toGrey(rgb, width * rows) : rgb;
    const encoded = sharp(pixels, { raw: { width, height: rows, channels: grey ? 1 : 3 } })
      .toColourspace(grey ? 'b-w' : 'srgb')
      .jpeg(this.#options)
      .toBuffer();
    const before = this.#writing;
    const written = Promise.all([encoded, before]).then(([jpeg]) => this.#append(jpeg, strip));
    this.#writing = written;
    this.#encoding.push(written);
    written.catch(() => {});
  }

  async #append(jpeg: Buffer, strip: number): Promise<void> {
    const scan = scanOf(jpeg);
    await this.#write(strip === 0 ? this.#header(jpeg, scan) : Buffer.from([0xff, RST0 + ((strip - 1) % 8)]));
    // Without the two bytes of the end marker.
    await this.#write(jpeg.subarray(scan.data, jpeg.length - 2));
  }

  async #write(bytes: Buffer): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#bytes);
        done += bytesWritten;
        this.#bytes += bytesWritten;
      }
    } catch (error) {
      throw asDiskFull(error);
    }
  }

  /** The first strip's header with the image's height, metadata, and the restart interval. */
  #header(jpeg: Buffer, scan: Scan): Buffer {
    const head = Buffer.from(jpeg.subarray(0, scan.header));
    head.writeUInt16BE(this.#shape.height, scan.frame + 5);
    const interval = Buffer.from([0xff, DRI, 0, 4, 0, 0]);
    interval.writeUInt16BE(this.#interval, 4);
    return Buffer.concat([
      head.subarray(0, scan.tables),
      metadataSegments(this.#shape.metadata),
      this.#shape.icc === undefined ? Buffer.alloc(0) : profileSegments(this.#shape.icc),
      head.subarray(scan.tables),
      interval,
      jpeg.subarray(scan.header, scan.data),
    ]);
  }

  /**
   * Completes the file.
   * @returns its bytes.
   * @throws TesseraError disk_full.
   */
  async complete(): Promise<number> {
    await this.#writing;
    await this.#write(Buffer.from([0xff, EOI]));
    await this.#file.close();
    return this.#bytes;
  }

  /** Closes a file that nobody will read. */
  async abandon(): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#file.close();
  }
}

/** Offsets of the parts of a baseline JPEG. */
interface Scan {
  /** First segment after the application segments, where more of them may go. */
  readonly tables: number;
  /** The frame header (SOF0). */
  readonly frame: number;
  /** The scan header (SOS). */
  readonly header: number;
  /** The entropy-coded data. */
  readonly data: number;
}

/** @throws Error for anything but a baseline JPEG of one scan, which the encoder was asked for. */
function scanOf(jpeg: Buffer): Scan {
  if (jpeg[0] !== 0xff || jpeg[1] !== SOI) throw new Error('The encoder returned no JPEG');
  let tables = 2;
  let frame = 0;
  for (let at = 2; at + 4 < jpeg.length; ) {
    const marker = jpeg[at + 1] ?? 0;
    const next = at + 2 + jpeg.readUInt16BE(at + 2);
    if (marker >= 0xe0 && marker <= 0xef) tables = next;
    if (marker === SOF0) frame = at;
    if (marker === SOS && frame > 0) return { tables, frame, header: at, data: next };
    at = next;
  }
  throw new Error('The encoder returned no baseline JPEG');
}
