import type { OutputFormat, UpscaleTask } from '../../domain/types.js';
import type { NoteAttempt } from '../../models/fallback/chain-request.js';
import type { LoadedCandidate } from '../../models/fallback/loaded-candidate.js';
import { LeftForTime } from '../../models/fallback/time-watch.js';
import type { Cancellation } from '../cancellation.js';
import type { DecodedImage } from '../input/decode.js';
import type { ResultMetadata } from '../metadata/image-metadata.js';
import type { PipelineServices } from '../pipeline-services.js';
import type { Counter, Stages } from '../progress/stages.js';
import type { Canvas } from '../raster/canvas.js';
import { ALONGSIDE_OWN_TILES, type TileScheduler } from '../tile-scheduler.js';
import {
  type CanvasStore,
  drawJpeg,
  drawnSize,
  drawOnCanvas,
  goesStraightToJpeg,
  type Size,
} from './canvas-store.js';
import type { RenderContext } from './render.js';
import { RenderClock } from './render-clock.js';
import { LanczosRenderer, NetworkRenderer, type RowRenderer } from './row-renderer.js';

/** The outcome of an attempt: the encoded file, or a canvas that has yet to be encoded. */
export type Drawn = ({ readonly bytes: number } | { readonly canvas: Canvas }) &
  Pick<RowRenderer, 'nativeScale'>;

/** Properties of the result. */
export interface Aim {
  readonly format: OutputFormat;
  readonly target: Size;
  readonly metadata: ResultMetadata;
}

/** Callbacks of a candidate in progress. */
interface Telling {
  readonly note: NoteAttempt;
  readonly progress: Counter;
  readonly clock: RenderClock;
}

/** The drawing of one image with one candidate after the other, until one serves. */
export class Drawing {
  /** Sums over all candidates so far. */
  readonly spent = { tiles: 0, inferMs: 0, sinkMs: 0, turnWaitMs: 0, drawMs: 0 };
  readonly #task: UpscaleTask;
  readonly #services: PipelineServices;
  readonly #stages: Stages;
  readonly #cancellation: Cancellation;
  readonly #canvases: CanvasStore;
  #scheduler: TileScheduler;

  constructor(
    task: UpscaleTask,
    services: PipelineServices,
    stages: Stages,
    cancellation: Cancellation,
    canvases: CanvasStore,
  ) {
    this.#task = task;
    this.#services = services;
    this.#stages = stages;
    this.#cancellation = cancellation;
    this.#canvases = canvases;
    this.#scheduler = services.scheduler;
  }

  /** Draws the image with one candidate. Leaves nothing behind when it fails. */
  async draw(
    image: DecodedImage,
    candidate: LoadedCandidate,
    note: NoteAttempt,
    { format, target, metadata }: Aim,
  ): Promise<Drawn> {
    const started = performance.now();
    const progress = this.#stages.drawing(candidate);
    // Tiles of an abandoned candidate may still run; their time must not count here.
    const clock = new RenderClock();
    const renderer = this.#renderer(candidate, { note, progress, clock });
    const { nativeScale } = renderer;
    const size = drawnSize(image, renderer, target);
    try {
      const { resultPath, options } = this.#task;
      const strength = candidate.kind === 'lanczos' ? 1 : (options.strength ?? 1);
      if (options.sharpen !== undefined || !goesStraightToJpeg(image, format, size, target))
        return { canvas: await drawOnCanvas(image, renderer, size, this.#canvases, strength), nativeScale };
      const { threads } = this.#services;
      const terms = { resultPath, size, quality: options.quality, strength, metadata, threads };
      return { bytes: await drawJpeg(image, renderer, terms, clock), nativeScale };
    } catch (error) {
      if (error instanceof LeftForTime && error.tilesAtWork) this.#scheduler = ALONGSIDE_OWN_TILES;
      await this.#canvases.clear();
      throw error;
    } finally {
      progress.stop();
      this.spent.drawMs += performance.now() - started;
      for (const what of ['tiles', 'inferMs', 'sinkMs', 'turnWaitMs'] as const)
        this.spent[what] += clock[what];
    }
  }

  #renderer(candidate: LoadedCandidate, telling: Telling): RowRenderer {
    const onPiece: Counter['count'] = (done, total, leftMs) => telling.progress.count(done, total, leftMs);
    if (candidate.kind === 'lanczos')
      return new LanczosRenderer(this.#task.id, this.#scheduler, this.#cancellation, onPiece);
    const overlapPx = this.#task.options.tileOverlapPx ?? candidate.model.entry.overlapPx;
    return new NetworkRenderer(candidate, overlapPx, this.#renderContext(telling, onPiece));
  }

  #renderContext({ note, clock }: Telling, onTile: RenderContext['onTile']): RenderContext {
    return {
      jobId: this.#task.id,
      scheduler: this.#scheduler,
      cancellation: this.#cancellation,
      note,
      clock,
      onTile,
    };
  }
}
