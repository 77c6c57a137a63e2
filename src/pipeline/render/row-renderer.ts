import type { NetworkRung } from '../../models/fallback/candidate.js';
import type { Raster } from '../../tiling/cut.js';
import { type TilePlan, tileCount } from '../../tiling/plan.js';
import type { Guard } from '../cancellation.js';
import { MemoryRows, type RowSink } from '../raster/row-sink.js';
import type { Turns } from '../tile-turns.js';
import { unlessLeft } from './leave-in-time.js';
import { PassPace, tilePixels } from './pass-pace.js';
import { planRender, Render, type RenderContext } from './render.js';

/** How a rung turns an image into rows. */
export interface Painter {
  /** Output pixels for each pixel of the image, along each side. */
  readonly nativeScale: number;
  /** Announces a raster that will be painted, so that progress knows the whole. */
  expect(image: Raster): void;
  /**
   * Paints a raster of three channels. @param constantTiles parts of one value need no computing.
   * @throws TileFailure, TesseraError.
   */
  paint(image: Raster, sink: RowSink, constantTiles: boolean): Promise<void>;
}

/** Through the network, in one pass or two; tiles are counted over all rasters of one image. */
export class NetworkPainter implements Painter {
  readonly nativeScale: number;
  readonly #rung: NetworkRung;
  readonly #overlapPx: number;
  readonly #context: RenderContext;
  /** By width and height: what is painted is what was announced, though the speed that plans depend on is learnt meanwhile. */
  readonly #plans = new Map<string, TilePlan>();
  #done = 0;
  #total = 0;
  /** Input pixels of all tiles that no pass has begun with. */
  #pixelsAhead = 0;

  constructor(rung: NetworkRung, overlapPx: number, context: RenderContext) {
    this.nativeScale = rung.model.entry.scale ** rung.passes;
    this.#rung = rung;
    this.#overlapPx = overlapPx;
    this.#context = context;
  }

  expect(image: Raster): void {
    for (let pass = 0; pass < this.#rung.passes; pass += 1) {
      const enlarged = this.#rung.model.entry.scale ** pass;
      const plan = this.#plan(image.width * enlarged, image.height * enlarged);
      this.#total += tileCount(plan);
      this.#pixelsAhead += tileCount(plan) * tilePixels(plan);
    }
  }

  #plan(width: number, height: number): TilePlan {
    const key = `${width}×${height}`;
    const plan = this.#plans.get(key) ?? planRender(width, height, this.#rung, this.#overlapPx);
    this.#plans.set(key, plan);
    return plan;
  }

  async paint(image: Raster, sink: RowSink, constantTiles: boolean): Promise<void> {
    if (this.#rung.passes === 1) return this.#pass(image, sink, constantTiles);
    const { scale } = this.#rung.model.entry;
    const between = new MemoryRows(
      image.width * scale,
      image.height * scale,
      image.data instanceof Uint16Array,
    );
    await this.#pass(image, between, constantTiles);
    const { data, width, height } = between;
    await this.#pass({ data, width, height, channels: 3 }, sink, constantTiles);
  }

  #pass(image: Raster, sink: RowSink, constantTiles: boolean): Promise<void> {
    const plan = this.#plan(image.width, image.height);
    const pass = new PassPace(plan, this.#rung.lanes, this.#rung.microsecondsPerPixel);
    this.#pixelsAhead -= pass.pixels;
    if (this.#done === 0) this.#context.onTile(0, this.#total);
    const context: RenderContext = { ...this.#context, onTile: () => this.#tileDone(pass) };
    const render = (through: RenderContext, into: RowSink) =>
      new Render(this.#rung, this.#overlapPx, through).into(image, plan, into, constantTiles);
    if (!pass.inLanes) return render(context, sink);
    const check = () => this.#rung.checkWait(pass.wait);
    return unlessLeft(check, { sink, guard: context.guard }, ({ sink: gate, guard, left }) =>
      render({ ...context, guard, ...unheard(left, context) }, gate),
    );
  }

  #tileDone(pass: PassPace): void {
    this.#done += 1;
    this.#context.onTile(this.#done, this.#total);
    const pace = pass.afterTile(this.#pixelsAhead);
    if (this.#done < this.#total) this.#rung.checkPace(pace);
  }
}

/** Tells nothing more of a render that was left. */
function unheard(left: AbortSignal, { onTile, note }: RenderContext): Pick<RenderContext, 'onTile' | 'note'> {
  return {
    onTile: (done, total) => {
      left.throwIfAborted();
      onTile(done, total);
    },
    note: (attempt) => {
      if (!left.aborted) note(attempt);
    },
  };
}

/** Rows handed over between two turns, and their pixels at most: some milliseconds of resampling. */
const ROWS_A_TURN = 16;
const PIXELS_A_TURN = 1 << 16;

/** As it is: what the sinks behind it make of the rows is all the enlarging there is. */
export class PlainPainter implements Painter {
  readonly nativeScale = 1;
  /** Rows over all rasters of one image. */
  #done = 0;
  #total = 0;

  /** @param onRows called before the first rows and after each turn. */
  constructor(
    readonly jobId: string,
    readonly turns: Turns,
    readonly guard: Guard,
    readonly onRows: (done: number, total: number) => void,
  ) {}

  expect(image: Raster): void {
    this.#total += image.height;
  }

  async paint(image: Raster, sink: RowSink): Promise<void> {
    const stride = image.width * 3;
    const most = Math.max(1, Math.min(ROWS_A_TURN, Math.floor(PIXELS_A_TURN / image.width)));
    if (this.#done === 0) this.onRows(0, this.#total);
    for (let row = 0; row < image.height; row += most) {
      this.guard.check();
      const rows = Math.min(most, image.height - row);
      const turn = await this.turns.take(this.jobId, this.guard.signal);
      try {
        sink.window(rows).set(image.data.subarray(row * stride, (row + rows) * stride));
        await sink.finish(rows);
      } finally {
        turn.end();
      }
      this.#done += rows;
      this.onRows(this.#done, this.#total);
    }
  }
}
