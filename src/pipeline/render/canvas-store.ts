import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { OutputFormat } from '../../domain/types.js';
import type { Raster } from '../../tiling/raster.js';
import type { DecodedImage } from '../input/decode.js';
import type { ResultMetadata } from '../metadata/image-metadata.js';
import { jpegOptions } from '../output/encode.js';
import { JpegStrips } from '../output/jpeg-strips.js';
import { srgbProfile } from '../output/srgb.js';
import { Canvas, type CanvasShape } from '../raster/canvas.js';
import { LanczosRows } from '../raster/lanczos.js';
import { MixedRows } from '../raster/mixed-rows.js';
import { toNeutralRgb } from '../raster/planes.js';
import type { RowSink } from '../raster/row-sink.js';
import type { RenderClock } from './render-clock.js';
import type { RowRenderer } from './row-renderer.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The canvases of one attempt, in the job's folder. */
export class CanvasStore {
  readonly #canvases: Canvas[] = [];

  constructor(readonly workFolder: string) {}

  async canvas(name: string, shape: CanvasShape, alpha?: Canvas): Promise<Canvas> {
    const canvas = await Canvas.create(join(this.workFolder, `${name}.v`), shape, alpha);
    this.#canvases.push(canvas);
    return canvas;
  }

  /** Closes and removes all canvases. Harmless when repeated. */
  async clear(): Promise<void> {
    for (const canvas of this.#canvases.splice(0)) {
      await canvas.close();
      await unlink(canvas.path);
    }
  }
}

/**
 * The size of a canvas: the promised size if the renderer's rows are smaller (they are enlarged on the way), else the
 * renderer's own, because libvips reduces faster while it encodes.
 */
export function drawnSize(image: DecodedImage, renderer: RowRenderer, target: Size): Size {
  const width = image.colour.width * renderer.nativeScale;
  const height = image.colour.height * renderer.nativeScale;
  return width <= target.width && height <= target.height ? target : { width, height };
}

/**
 * The sink that a row renderer writes to: rows are mixed with plain resampling at the renderer's scale, then enlarged.
 * @param source what the renderer paints. @param strength 0..1, the renderer's share.
 */
function stages(source: Raster, renderer: RowRenderer, size: Size, strength: number, sink: RowSink): RowSink {
  const width = source.width * renderer.nativeScale;
  const height = source.height * renderer.nativeScale;
  const sixteenBit = source.data instanceof Uint16Array;
  const isDrawn = width === size.width && height === size.height;
  const drawn = isDrawn ? sink : new LanczosRows({ width, height }, size, sixteenBit, sink);
  return strength === 1 ? drawn : new MixedRows(source, { width, height }, strength, drawn);
}

/**
 * Draws an image on a canvas: first its alpha, through the same network, then its colours, with alpha behind each
 * pixel. Resampled alpha would be three times softer than the colours' edges, and would show as a glow around them.
 * @param size from `drawnSize`. @param strength 0..1, the renderer's share in the picture.
 * @returns the canvas, without tags.
 * @throws TileFailure, TesseraError.
 */
export async function drawOnCanvas(
  image: DecodedImage,
  renderer: RowRenderer,
  size: Size,
  canvases: CanvasStore,
  strength: number,
): Promise<Canvas> {
  const { colour, alpha, grey, sixteenBit } = image;
  const alphaRgb: Raster | undefined =
    alpha === undefined ? undefined : { ...alpha, data: toNeutralRgb(alpha.data), channels: 3 };
  renderer.expect(colour);
  let alphaCanvas: Canvas | undefined;
  if (alphaRgb !== undefined) {
    renderer.expect(alphaRgb);
    alphaCanvas = await canvases.canvas('alpha', { ...size, sixteenBit, grey: true });
    await renderer.paint(alphaRgb, stages(alphaRgb, renderer, size, strength, alphaCanvas), true);
    await alphaCanvas.complete({});
  }
  const canvas = await canvases.canvas('canvas', { ...size, sixteenBit, grey }, alphaCanvas);
  await renderer.paint(colour, stages(colour, renderer, size, strength, canvas), false);
  return canvas;
}

/** The source's profile, or sRGB's. None for grey, which every reader shows alike. */
export async function resultProfile({ icc, grey }: DecodedImage): Promise<Buffer | undefined> {
  return icc ?? (grey ? undefined : await srgbProfile());
}

/** Whether rows can be encoded as they are computed: nothing is added to them, and they have the promised size. */
export function goesStraightToJpeg(
  image: DecodedImage,
  format: OutputFormat,
  size: Size,
  target: Size,
): boolean {
  return (
    format === 'jpeg' &&
    image.alpha === undefined &&
    !image.sixteenBit &&
    size.width === target.width &&
    size.height === target.height
  );
}

/** Destination and settings of a JPEG result. */
export interface JpegRequest {
  readonly resultPath: string;
  readonly size: Size;
  readonly quality: number;
  /** 0..1, the renderer's share in the picture. */
  readonly strength: number;
  readonly metadata: ResultMetadata;
  /** Strips that are encoded at the same time. */
  readonly threads: number;
}

/**
 * Draws straight into the result: rows are encoded while others are computed. For opaque 8-bit images of the promised
 * size.
 * @param clock measures the wait for the encoders after the last row.
 * @returns bytes of the result.
 */
export async function drawJpeg(
  image: DecodedImage,
  renderer: RowRenderer,
  request: JpegRequest,
  clock: RenderClock,
): Promise<number> {
  const { size, quality, strength, metadata, threads, resultPath } = request;
  const shape = { ...size, grey: image.grey, icc: await resultProfile(image), metadata };
  const jpeg = await JpegStrips.create(resultPath, shape, jpegOptions(quality), threads);
  try {
    renderer.expect(image.colour);
    await renderer.paint(image.colour, stages(image.colour, renderer, size, strength, jpeg), false);
    return await clock.during('sinking', () => jpeg.complete());
  } catch (error) {
    await jpeg.abandon();
    throw error;
  }
}
