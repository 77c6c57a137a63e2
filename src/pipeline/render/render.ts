import { type GridTerms, tileGrid } from '../../cost/tile-grid.js';
import type { NoteAttempt } from '../../models/fallback/chain-request.js';
import type { LoadedNetwork } from '../../models/fallback/loaded-candidate.js';
import { TileFailure, type TileModel } from '../../models/tile-model.js';
import { busyParts } from '../../tiling/busy-parts.js';
import { cut } from '../../tiling/cut.js';
import { borderedSpan, type TilePlan, tileCount, tilesAtOnce } from '../../tiling/plan.js';
import type { Raster, Samples } from '../../tiling/raster.js';
import type { Cancellation } from '../cancellation.js';
import { allocateSamples, MemoryRows, type RowSink } from '../raster/row-sink.js';
import type { TileScheduler } from '../tile-scheduler.js';
import { assemble, type Region, type TileAssembly } from './assemble-tiles.js';
import { filledTile } from './filled-tile.js';
import type { RenderClock } from './render-clock.js';

export interface RenderContext {
  readonly jobId: string;
  readonly scheduler: TileScheduler;
  readonly cancellation: Cancellation;
  readonly note: NoteAttempt;
  /** Called after each tile of the grid; by a row renderer also before the first. */
  onTile(done: number, total: number, leftMs?: number): void;
  readonly clock: RenderClock;
}

/** The grid in which a candidate computes an image. */
export function planRender(width: number, height: number, candidate: GridTerms, overlapPx: number): TilePlan {
  return tileGrid(borderedSpan(width), borderedSpan(height), candidate, overlapPx);
}

/**
 * Renders a whole image with one candidate into a sink, one row of tiles after the other. When memory runs out, a
 * tile is computed as smaller tiles, and later tiles are no larger. The candidate's alternative computes an invalid
 * tile.
 */
export class Render {
  readonly #candidate: LoadedNetwork;
  readonly #context: RenderContext;
  readonly #overlapPx: number;
  /** Largest tile side at present. */
  #limitPx: number;
  /** Whether a tile failed for memory and the smaller size is not proven yet. */
  #unproven = false;
  /** Tiles computed at the same time, each in a tile worker; 1: one after the other, each by all processors. */
  #atOnce = 1;
  #input: Samples = new Uint8Array(0);

  constructor(candidate: LoadedNetwork, overlapPx: number, context: RenderContext) {
    this.#candidate = candidate;
    this.#context = context;
    this.#overlapPx = overlapPx;
    this.#limitPx = Number.POSITIVE_INFINITY;
  }

  /**
   * @param image RGB.
   * @param plan from `planRender`.
   * @param sink takes `image.width * scale` by `image.height * scale` pixels.
   * @param constantTiles true: tiles of one value are filled and not computed (for alpha, most of which is constant).
   * @throws TileFailure when the candidate cannot; TesseraError when cancelled, late, or out of disk.
   */
  async into(image: Raster, plan: TilePlan, sink: RowSink, constantTiles = false): Promise<void> {
    const wanted: Region = { left: 0, top: 0, width: image.width, height: image.height };
    const total = tileCount(plan);
    this.#atOnce = tilesAtOnce(total, this.#candidate.tileWorkers);
    let done = 0;
    const assembleTiles = this.#assembleTiles(image, plan, wanted, constantTiles, () => {
      done += 1;
      this.#context.onTile(done, total);
    });
    const { clock } = this.#context;
    await assemble(
      { ...assembleTiles, atOnce: this.#atOnce },
      {
        window: (rows) => sink.window(rows),
        finish: (rows) => clock.during('sinking', () => sink.finish(rows)),
      },
    );
  }

  #assembleTiles(
    image: Raster,
    plan: TilePlan,
    wanted: Region,
    constantTiles: boolean,
    onTile: () => void,
  ): TileAssembly {
    return {
      plan,
      wanted,
      atOnce: 1,
      scale: this.#candidate.model.entry.scale,
      sixteenBit: image.data instanceof Uint16Array,
      tile: (region) => this.#compute(image, region, constantTiles),
      onTile,
    };
  }

  /** Computes one tile in any way that succeeds with this candidate. */
  async #compute(image: Raster, region: Region, constantTiles: boolean): Promise<Raster<3>> {
    const upscaled = this.#fits(region) ? await this.#whole(image, region, constantTiles) : undefined;
    return upscaled ?? this.#split(image, region, constantTiles);
  }

  #fits({ width, height }: Region): boolean {
    return Math.max(width, height) <= this.#limitPx;
  }

  /** @returns undefined when the tile does not fit into memory. */
  async #whole(image: Raster, region: Region, constantTiles: boolean): Promise<Raster<3> | undefined> {
    const { jobId, scheduler, cancellation, clock } = this.#context;
    cancellation.check();
    const turn = await clock.during('waiting', () =>
      scheduler.take(jobId, cancellation.signal, this.#atOnce),
    );
    const started = performance.now();
    try {
      cancellation.check();
      // A parallel tile may have found that out meanwhile.
      if (!this.#fits(region)) return undefined;
      const tile = this.#cut(image, region);
      if (constantTiles && isConstant(tile.data)) return this.#filled(tile);
      const upscaled = await this.#answer(tile);
      clock.tiles += 1;
      if (this.#unproven && this.#fits(region)) {
        this.#unproven = false;
        this.#candidate.rememberTileSize(this.#limitPx);
      }
      return upscaled;
    } catch (error) {
      if (!(error instanceof TileFailure)) throw error;
      if (error.reason === 'invalid_output') return await this.#retryElsewhere(image, region, error, started);
      if (error.reason !== 'out_of_memory') throw error;
      if (this.#fits(region)) this.#shrink(region, error, performance.now() - started);
      return undefined;
    } finally {
      turn.end();
    }
  }

  /** @returns a tile that is valid until the next cut; with parallel tiles, as long as it is needed. */
  #cut(image: Raster, region: Region): Raster<3> {
    const samples = region.width * region.height * 3;
    if (
      this.#atOnce > 1 ||
      this.#input.length !== samples ||
      this.#input.BYTES_PER_ELEMENT !== image.data.BYTES_PER_ELEMENT
    )
      this.#input = allocateSamples(samples, image.data instanceof Uint16Array);
    const data = this.#input;
    cut(image, region.left, region.top, region.width, region.height, data);
    return { data, width: region.width, height: region.height, channels: 3 };
  }

  /** Computes a tile with the candidate's own model, and skips its flat places. */
  async #answer(tile: Raster<3>): Promise<Raster<3>> {
    const { model } = this.#candidate;
    const { flatReachPx, scale } = model.entry;
    if (flatReachPx === undefined || model.provider !== 'cpu') return this.#run(model, tile);
    const parts = busyParts(tile, flatReachPx);
    if (parts === undefined) return this.#run(model, tile);
    return filledTile(tile, parts, flatReachPx, scale, (piece) => this.#run(model, piece));
  }

  async #run(model: TileModel, tile: Raster<3>): Promise<Raster<3>> {
    if (model === this.#candidate.model)
      this.#candidate.givenTilePx = Math.max(this.#candidate.givenTilePx ?? 0, tile.width, tile.height);
    const { clock } = this.#context;
    const { upscaled, ms } = await clock.during('computing', () => this.#timed(model, tile));
    if (model === this.#candidate.model) this.#candidate.recordSpeed(tile.width * tile.height, ms);
    return upscaled;
  }

  /** @returns milliseconds that the tile took of all processors. */
  async #timed(model: TileModel, tile: Raster<3>): Promise<{ upscaled: Raster<3>; ms: number }> {
    if (this.#atOnce > 1 && model.runInWorker !== undefined) {
      const { upscaled, ms } = await model.runInWorker(tile);
      return { upscaled, ms: ms / this.#atOnce };
    }
    const started = performance.now();
    const upscaled = await model.run(tile);
    return { upscaled, ms: performance.now() - started };
  }

  #filled(tile: Raster<3>): Raster<3> {
    const { scale } = this.#candidate.model.entry;
    const width = tile.width * scale;
    const height = tile.height * scale;
    const data = allocateSamples(width * height * 3, tile.data instanceof Uint16Array);
    return { data: data.fill(tile.data[0] ?? 0), width, height, channels: 3 };
  }

  /** Smallest side with room for the margins that make seams invisible. */
  #leastPx(): number {
    const { minimum, multipleOf } = this.#candidate.model.entry.sizeRequirements;
    const least = Math.max(minimum, this.#overlapPx + Math.max(16, multipleOf));
    return Math.ceil(least / multipleOf) * multipleOf;
  }

  /** @throws TileFailure when no smaller tile is left to try. */
  #shrink(region: Region, failure: TileFailure, ms: number): void {
    const { model } = this.#candidate;
    const longest = Math.max(region.width, region.height);
    const least = this.#leastPx();
    // The chain records the end of the candidate.
    if (longest <= least || model.entry.sizeRequirements.fixed !== undefined) throw failure;
    this.#context.note({
      model: model.entry.name,
      provider: model.provider,
      tileSizePx: longest,
      outcome: 'failed',
      reason: 'out_of_memory',
      ms,
    });
    this.#candidate.givenTilePx = undefined;
    this.#limitPx = Math.max(least, Math.floor(longest / 2));
    this.#unproven = true;
  }

  /** Computes a region as smaller tiles, with the margins and seams of any tiles. */
  async #split(image: Raster, region: Region, constantTiles: boolean): Promise<Raster<3>> {
    const { model, microsecondsPerPixel, tileWorkers } = this.#candidate;
    const { scale } = model.entry;
    const plan = tileGrid(
      { from: region.left, to: region.left + region.width },
      { from: region.top, to: region.top + region.height },
      { model, microsecondsPerPixel, tileSizePx: this.#limitPx, tileWorkers },
      this.#overlapPx,
    );
    const width = region.width * scale;
    const height = region.height * scale;
    const rows = new MemoryRows(width, height, image.data instanceof Uint16Array);
    await assemble(
      this.#assembleTiles(image, plan, region, constantTiles, () => {}),
      rows,
    );
    return { data: rows.data, width, height, channels: 3 };
  }

  /**
   * Computes the same tile with the candidate's alternative.
   * @throws TileFailure the first failure, when the alternative fails too.
   */
  async #retryElsewhere(
    image: Raster,
    region: Region,
    failure: TileFailure,
    started: number,
  ): Promise<Raster<3>> {
    const { model } = this.#candidate;
    const ms = performance.now() - started;
    this.#context.cancellation.check();
    const alternative = await this.#candidate.alternative();
    if (alternative === undefined) throw failure;
    try {
      const upscaled = await this.#run(alternative, this.#cut(image, region));
      this.#context.clock.tiles += 1;
      this.#context.note({
        model: model.entry.name,
        provider: model.provider,
        tileSizePx: Math.max(region.width, region.height),
        outcome: 'failed',
        reason: 'invalid_output',
        ms,
      });
      return upscaled;
    } catch (error) {
      throw error instanceof TileFailure ? failure : error;
    }
  }
}

/** Whether all pixels are equal. A varied image is recognised at its first different pixel. */
function isConstant(rgb: Samples): boolean {
  for (let at = 3; at < rgb.length; at += 1) if (rgb[at] !== rgb[at - 3]) return false;
  return true;
}
