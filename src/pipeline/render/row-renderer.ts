import type { LoadedNetwork } from '../../models/fallback/loaded-candidate.js';
import { type TilePlan, tileCount } from '../../tiling/plan.js';
import type { Raster } from '../../tiling/raster.js';
import type { Cancellation } from '../cancellation.js';
import { MemoryRows, type RowSink } from '../raster/row-sink.js';
import type { TileScheduler } from '../tile-scheduler.js';
import { unlessLeft } from './leave-in-time.js';
import { PassPace, tilePixels } from './pass-pace.js';
import { planRender, Render, type RenderContext } from './render.js';

/** Turns an image into rows with a candidate. */
export interface RowRenderer {
  /** Output pixels per input pixel, along each side. */
  readonly nativeScale: number;
  /** Announces a raster, so that the progress knows the whole. */
  expect(image: Raster): void;
  /**
   * Renders a raster of three channels.
   * @param constantTiles parts of one value need no computing.
   * @throws TileFailure, TesseraError.
   */
  paint(image: Raster, sink: RowSink, constantTiles: boolean): Promise<void>;
}

/** Renders through the network, in one pass or two. Tiles are counted over all rasters of one image. */
export class NetworkRenderer implements RowRenderer {
  readonly nativeScale: number;
  readonly #candidate: LoadedNetwork;
  readonly #overlapPx: number;
  readonly #context: RenderContext;
  /**
   * Announced plans by width and height. They are carried out as announced, though the speed that plans depend on is
   * measured meanwhile.
   */
  readonly #plans = new Map<string, TilePlan>();
  #done = 0;
  #total = 0;
  /** Input pixels of all tiles in passes that have not begun. */
  #pixelsAhead = 0;

  constructor(candidate: LoadedNetwork, overlapPx: number, context: RenderContext) {
    this.nativeScale = candidate.model.entry.scale ** candidate.passes;
    this.#candidate = candidate;
    this.#overlapPx = overlapPx;
    this.#context = context;
  }

  expect(image: Raster): void {
    for (let pass = 0; pass < this.#candidate.passes; pass += 1) {
      const enlarged = this.#candidate.model.entry.scale ** pass;
      const plan = this.#plan(image.width * enlarged, image.height * enlarged);
      this.#total += tileCount(plan);
      this.#pixelsAhead += tileCount(plan) * tilePixels(plan);
    }
  }

  #plan(width: number, height: number): TilePlan {
    const key = `${width}×${height}`;
    const plan = this.#plans.get(key) ?? planRender(width, height, this.#candidate, this.#overlapPx);
    this.#plans.set(key, plan);
    return plan;
  }

  async paint(image: Raster, sink: RowSink, constantTiles: boolean): Promise<void> {
    if (this.#candidate.passes === 1) return this.#pass(image, sink, constantTiles);
    const { scale } = this.#candidate.model.entry;
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
    const pass = new PassPace(plan, this.#candidate.tileWorkers, this.#candidate.microsecondsPerPixel);
    this.#pixelsAhead -= pass.pixels;
    if (this.#done === 0) this.#context.onTile(0, this.#total);
    const context: RenderContext = { ...this.#context, onTile: () => this.#tileDone(pass) };
    const render = (through: RenderContext, into: RowSink) =>
      new Render(this.#candidate, this.#overlapPx, through).into(image, plan, into, constantTiles);
    if (!pass.inWorkers) return render(context, sink);
    const check = () => this.#candidate.checkWait(pass.wait);
    return unlessLeft(
      check,
      { sink, cancellation: context.cancellation },
      ({ sink: gate, cancellation, left }) =>
        render({ ...context, cancellation, ...unheard(left, context) }, gate),
    );
  }

  #tileDone(pass: PassPace): void {
    this.#done += 1;
    const pace = pass.afterTile(this.#pixelsAhead);
    this.#context.onTile(this.#done, this.#total, pace.remainingMs);
    if (this.#done < this.#total) this.#candidate.checkPace(pace);
  }
}

/** Suppresses callbacks of an abandoned render. */
function unheard(left: AbortSignal, { onTile, note }: RenderContext): Pick<RenderContext, 'onTile' | 'note'> {
  return {
    onTile: (done, total, leftMs) => {
      left.throwIfAborted();
      onTile(done, total, leftMs);
    },
    note: (attempt) => {
      if (!left.aborted) note(attempt);
    },
  };
}

/** Limits of rows and pixels handed over between two turns: some milliseconds of resampling. */
const ROWS_A_TURN = 16;
const PIXELS_A_TURN = 1 << 16;

/** Hands the rows over as they are. The sinks behind it do all the enlarging. */
export class LanczosRenderer implements RowRenderer {
  readonly nativeScale = 1;
  /** Rows of all rasters of one image. */
  #done = 0;
  #total = 0;

  /** @param onRows called before the first rows and after each turn. */
  constructor(
    readonly jobId: string,
    readonly scheduler: TileScheduler,
    readonly cancellation: Cancellation,
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
      this.cancellation.check();
      const rows = Math.min(most, image.height - row);
      const turn = await this.scheduler.take(this.jobId, this.cancellation.signal);
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
