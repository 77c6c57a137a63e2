import type { OutputFormat, UpscaleTask } from '../../domain/types.js';
import type { NoteAttempt, Rung } from '../../models/fallback/candidate.js';
import { LeftForTime } from '../../models/fallback/time-watch.js';
import type { Guard } from '../cancellation.js';
import type { DecodedImage } from '../input/decode.js';
import type { ResultMetadata } from '../metadata/image-metadata.js';
import type { PipelineServices } from '../pipeline-services.js';
import type { Counter, Stages } from '../progress/stages.js';
import type { Canvas } from '../raster/canvas.js';
import { BESIDE_OWN_TILES, type Turns } from '../tile-turns.js';
import {
  drawJpeg,
  drawnSize,
  drawOnCanvas,
  type Easel,
  goesStraightToJpeg,
  type Size,
} from './canvas-store.js';
import type { RenderContext } from './render.js';
import { RenderClock } from './render-clock.js';
import { NetworkPainter, type Painter, PlainPainter } from './row-renderer.js';

/** What an attempt leaves: the encoded file, or a canvas that has yet to be encoded. */
export type Drawn = { readonly bytes: number } | { readonly canvas: Canvas };

/** What the result is to be. */
export interface Aim {
  readonly format: OutputFormat;
  readonly target: Size;
  readonly metadata: ResultMetadata;
}

/** Whom a rung at work tells. */
interface Telling {
  readonly note: NoteAttempt;
  readonly progress: Counter;
  readonly clock: RenderClock;
}

/** The drawing of one image, on rung after rung until one serves. */
export class Drawing {
  /** By all rungs that have been tried. */
  readonly spent = { tiles: 0, inferMs: 0, sinkMs: 0, turnWaitMs: 0, drawMs: 0 };
  readonly #task: UpscaleTask;
  readonly #services: PipelineServices;
  readonly #stages: Stages;
  readonly #guard: Guard;
  readonly #easel: Easel;
  #turns: Turns;

  constructor(task: UpscaleTask, services: PipelineServices, stages: Stages, guard: Guard, easel: Easel) {
    this.#task = task;
    this.#services = services;
    this.#stages = stages;
    this.#guard = guard;
    this.#easel = easel;
    this.#turns = services.turns;
  }

  /** One rung's try at the image. Leaves nothing behind when it fails. */
  async draw(
    image: DecodedImage,
    rung: Rung,
    note: NoteAttempt,
    { format, target, metadata }: Aim,
  ): Promise<Drawn> {
    const started = performance.now();
    const progress = this.#stages.drawing(rung);
    // Tiles of a rung that was left may go on: what they take is not to be counted here.
    const clock = new RenderClock();
    const painter = this.#painter(rung, { note, progress, clock });
    const size = drawnSize(image, painter, target);
    try {
      if (!goesStraightToJpeg(image, format, size, target))
        return { canvas: await drawOnCanvas(image, painter, size, this.#easel) };
      const { resultPath, options } = this.#task;
      const { threads } = this.#services;
      const terms = { resultPath, size, quality: options.quality, metadata, threads };
      return { bytes: await drawJpeg(image, painter, terms, clock) };
    } catch (error) {
      if (error instanceof LeftForTime && error.tilesAtWork) this.#turns = BESIDE_OWN_TILES;
      await this.#easel.clear();
      throw error;
    } finally {
      progress.stop();
      this.spent.drawMs += performance.now() - started;
      for (const what of ['tiles', 'inferMs', 'sinkMs', 'turnWaitMs'] as const)
        this.spent[what] += clock[what];
    }
  }

  #painter(rung: Rung, telling: Telling): Painter {
    const onPiece = (done: number, total: number) => telling.progress.count(done, total);
    if (rung.kind === 'lanczos') return new PlainPainter(this.#task.id, this.#turns, this.#guard, onPiece);
    const overlapPx = this.#task.options.tileOverlapPx ?? rung.model.entry.overlapPx;
    return new NetworkPainter(rung, overlapPx, this.#renderContext(telling, onPiece));
  }

  #renderContext({ note, clock }: Telling, onTile: RenderContext['onTile']): RenderContext {
    return {
      jobId: this.#task.id,
      turns: this.#turns,
      guard: this.#guard,
      note,
      clock,
      onTile,
    };
  }
}
