import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkRung } from '../models/rung.js';
import type { Raster } from '../tiling/cut.js';
import { tileCount } from '../tiling/plan.js';
import { Canvas, type CanvasShape } from './canvas.js';
import type { DecodedImage } from './decode.js';
import { toNeutralRgb } from './planes.js';
import { planRender, Render, type RenderContext } from './render.js';
import { MemoryRows, type RowSink } from './row-sink.js';

/** The canvases of one attempt, in the job's folder. */
export class Easel {
  readonly #canvases: Canvas[] = [];

  constructor(readonly workFolder: string) {}

  async canvas(name: string, shape: CanvasShape, alpha?: Canvas): Promise<Canvas> {
    const canvas = await Canvas.create(join(this.workFolder, `${name}.v`), shape, alpha);
    this.#canvases.push(canvas);
    return canvas;
  }

  /** Closes and removes them all; harmless when called again. */
  async clear(): Promise<void> {
    for (const canvas of this.#canvases.splice(0)) {
      await canvas.close();
      await unlink(canvas.path);
    }
  }
}

/** Model input pixels of an image in each pass of a rung. */
function passes(image: Raster, rung: NetworkRung): { width: number; height: number }[] {
  const { scale } = rung.model.entry;
  const first = { width: image.width, height: image.height };
  return rung.passes === 1 ? [first] : [first, { width: image.width * scale, height: image.height * scale }];
}

/** What a rung makes of an image: pixels of input become `scale` (or, in two passes, its square) of output. */
export function nativeScale(rung: NetworkRung): number {
  return rung.model.entry.scale ** rung.passes;
}

/** One image on one rung: tiles counted over all its renders. */
export class Drawing {
  readonly #rung: NetworkRung;
  readonly #overlapPx: number;
  readonly #context: RenderContext;
  #done = 0;
  #total = 0;

  constructor(rung: NetworkRung, overlapPx: number, context: RenderContext) {
    this.#rung = rung;
    this.#overlapPx = overlapPx;
    this.#context = context;
  }

  /** Announces a raster that will be rendered, so that progress knows the whole. */
  expect(image: Raster): void {
    for (const { width, height } of passes(image, this.#rung))
      this.#total += tileCount(planRender(width, height, this.#rung, this.#overlapPx));
  }

  /** Renders a raster of three channels, in one pass or two, into a sink of `nativeScale` times its size. */
  async render(image: Raster, sink: RowSink, constantTiles: boolean): Promise<void> {
    if (this.#rung.passes === 1) return this.#pass(image, sink, constantTiles);
    const { scale } = this.#rung.model.entry;
    const between = new MemoryRows(
      image.width * scale,
      image.height * scale,
      image.data instanceof Uint16Array,
    );
    await this.#pass(image, between, constantTiles);
    await this.#pass({ ...between, channels: 3 }, sink, constantTiles);
  }

  #pass(image: Raster, sink: RowSink, constantTiles: boolean): Promise<void> {
    const context: RenderContext = {
      ...this.#context,
      onTile: () => {
        this.#done += 1;
        this.#context.onTile(this.#done, this.#total);
      },
    };
    return new Render(this.#rung, this.#overlapPx, context).into(image, sink, constantTiles);
  }
}

/**
 * Draws an image on a canvas: first its alpha, through the same network so that its edges are as sharp as the
 * colours' and lie where theirs do, then the colours, with alpha behind each pixel.
 * @returns the completed canvas, without tags. @throws TileFailure, TesseraError.
 */
export async function drawOnCanvas(
  image: DecodedImage,
  rung: NetworkRung,
  drawing: Drawing,
  easel: Easel,
): Promise<Canvas> {
  const { colour, alpha, grey, sixteenBit } = image;
  const shape = {
    width: colour.width * nativeScale(rung),
    height: colour.height * nativeScale(rung),
    sixteenBit,
  };
  const alphaRgb: Raster | undefined =
    alpha === undefined ? undefined : { ...alpha, data: toNeutralRgb(alpha.data), channels: 3 };
  drawing.expect(colour);
  let alphaCanvas: Canvas | undefined;
  if (alphaRgb !== undefined) {
    drawing.expect(alphaRgb);
    alphaCanvas = await easel.canvas('alpha', { ...shape, grey: true });
    await drawing.render(alphaRgb, alphaCanvas, true);
    await alphaCanvas.complete({});
  }
  const canvas = await easel.canvas('canvas', { ...shape, grey }, alphaCanvas);
  await drawing.render(colour, canvas, false);
  return canvas;
}

/** The decoded image itself on a canvas, for the resampling that the encoder does. */
export async function copyOnCanvas(image: DecodedImage, easel: Easel): Promise<Canvas> {
  const { colour, alpha, grey, sixteenBit } = image;
  const shape = { width: colour.width, height: colour.height, sixteenBit };
  let alphaCanvas: Canvas | undefined;
  if (alpha !== undefined) {
    alphaCanvas = await easel.canvas('alpha', { ...shape, grey: true });
    alphaCanvas.window(alpha.height).set(toNeutralRgb(alpha.data));
    await alphaCanvas.finish(alpha.height);
    await alphaCanvas.complete({});
  }
  const canvas = await easel.canvas('canvas', { ...shape, grey }, alphaCanvas);
  canvas.window(colour.height).set(colour.data);
  await canvas.finish(colour.height);
  return canvas;
}
