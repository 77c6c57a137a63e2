import type { Chain, ChainRequest, NoteAttempt, Rung } from '../models/rung.js';
import { RungLost } from '../models/rung-lost.js';
import type {
  Attempt,
  OutputFormat,
  UpscaleOptions,
  UpscaleProgress,
  UpscaleResult,
  UpscaleTask,
} from '../types.js';
import type { CostBesideTiles } from './beside-tiles.js';
import { bleedColours } from './bleed.js';
import type { Canvas } from './canvas.js';
import type { DecodedImage } from './decode.js';
import {
  drawJpeg,
  drawnSize,
  drawOnCanvas,
  Easel,
  goesStraightToJpeg,
  resultProfile,
  type Size,
} from './draw.js';
import { chooseFormat, encode } from './encode.js';
import { graft } from './graft/graft.js';
import { Guard } from './guard.js';
import { checkOutputSize, outputSize, type PipelineLimits } from './limits.js';
import { memoryError } from './memory.js';
import type { ResultMetadata } from './metadata/image-metadata.js';
import { carriedMetadata } from './metadata/result-metadata.js';
import { openImage } from './open-image.js';
import { NetworkPainter, type Painter, PlainPainter } from './painter.js';
import { inProfile } from './profile.js';
import type { RenderContext } from './render.js';
import { RenderClock } from './render-clock.js';
import { likelyFormat } from './result-format.js';
import { Stages } from './stages.js';
import type { Turns } from './turns.js';

/** What `upscale` works with, made once for the engine process. */
export interface PipelineServices {
  readonly chain: Chain;
  readonly turns: Turns;
  readonly limits: PipelineLimits;
  /** Encoders at work at the same time, each on one thread. */
  readonly threads: number;
  /** For estimates of what the time allows. */
  readonly beside: CostBesideTiles;
}

export interface PipelineHooks {
  /** Aborted when the job is cancelled; takes effect at the next tile. */
  readonly signal: AbortSignal;
  onProgress(progress: UpscaleProgress): void;
  /** What the job needs in all by what is known, in seconds; again when more is known. */
  onEstimate(seconds: number): void;
  /** Each attempt of the ladder as it ends. */
  onAttempt(attempt: Attempt): void;
}

/** What an attempt leaves: the encoded file, or a canvas that has yet to be encoded. */
type Drawn = { readonly bytes: number } | { readonly canvas: Canvas };

/** What the result is to be. */
interface Aim {
  readonly format: OutputFormat;
  readonly target: Size;
  readonly metadata: ResultMetadata;
}

/** One job from its source to its result. */
class Upscale {
  readonly #task: UpscaleTask;
  readonly #services: PipelineServices;
  readonly #hooks: PipelineHooks;
  readonly #guard: Guard;
  readonly #easel: Easel;
  readonly #stages: Stages;
  readonly #clock = new RenderClock();
  #decodeMs = 0;
  #drawMs = 0;
  #encodeMs = 0;

  constructor(task: UpscaleTask, services: PipelineServices, hooks: PipelineHooks) {
    this.#task = task;
    this.#services = services;
    this.#hooks = hooks;
    this.#guard = new Guard(hooks.signal, task.deadlineAtMs);
    this.#easel = new Easel(task.workFolder);
    this.#stages = new Stages((progress) => hooks.onProgress(progress));
  }

  async run(): Promise<UpscaleResult> {
    const { options, header } = this.#task;
    const { chain, limits } = this.#services;
    const scale = options.scale ?? chain.leadScale({ ...options, sixteenBit: header.sixteenBit });
    try {
      this.#guard.check();
      const target = outputSize(header.width, header.height, scale);
      checkOutputSize(target.width, target.height, options.format, limits);
      const expected = { format: likelyFormat(this.#task), target };
      this.#estimate(this.#chainRequest(scale, header.hasAlpha, expected));
      const decoded = await this.#decode();
      const { metadata, notKept } = carriedMetadata(decoded, target);
      const aim: Aim = { format: this.#format(decoded, target, metadata), target, metadata };
      const image = asShown(decoded, aim.format, options.background);
      const onRung: ChainRequest['onRung'] = (model, provider) => this.#stages.chosen(model, provider);
      const request = this.#chainRequest(scale, image.alpha !== undefined, aim);
      const onAttempt = (attempt: Attempt) => {
        this.#hooks.onAttempt(attempt);
        // A network that was loaded for it has been measured.
        this.#estimate(request);
      };
      const served = await chain.serve({ ...request, onRung, onAttempt }, (rung, note) => {
        this.#estimate(request);
        return this.#draw(image, rung, note, aim);
      });
      const bytes = await this.#encode(served.value, image, aim);
      return {
        ...target,
        format: aim.format,
        bytes,
        scale,
        model: served.model,
        ...(served.provider === undefined ? {} : { provider: served.provider }),
        tiles: this.#clock.tiles,
        fallback: served.fallback,
        attempts: served.attempts,
        timings: this.#timings(),
        droppedPages: header.pages - 1,
        ...(notKept.length === 0 ? {} : { notKept }),
      };
    } catch (error) {
      throw error instanceof RungLost ? error : memoryError(error);
    } finally {
      await this.#easel.clear();
    }
  }

  #chainRequest(scale: number, hasAlpha: boolean, { format, target }: Omit<Aim, 'metadata'>): ChainRequest {
    const { options, header, deadlineAtMs, excludedRungs, earlierAttempts } = this.#task;
    const rasters = hasAlpha ? 2 : 1;
    return {
      ...(options.model === undefined ? {} : { model: options.model }),
      scale,
      sixteenBit: header.sixteenBit,
      width: header.width,
      height: header.height,
      rasters,
      finishing: this.#services.beside.finishing({
        sourcePixels: header.width * header.height,
        resultPixels: target.width * target.height,
        rasters,
        format,
      }),
      fallback: options.fallback,
      ...(options.tileSizePx === undefined ? {} : { tileSizePx: options.tileSizePx }),
      ...(options.tileOverlapPx === undefined ? {} : { tileOverlapPx: options.tileOverlapPx }),
      deadlineAtMs,
      excludedRungs,
      earlierAttempts,
      signal: this.#hooks.signal,
    };
  }

  /** Tells what the job needs in all, where that is known. */
  #estimate(request: ChainRequest): void {
    const { chain, beside } = this.#services;
    const tilesSeconds = chain.estimateSeconds(request);
    if (tilesSeconds === undefined) return;
    const { networkMs = 0, lanczosMs = 0 } = request.finishing ?? {};
    const besideMs = beside.decodingMs(this.#task.header) + (tilesSeconds === 0 ? lanczosMs : networkMs);
    this.#hooks.onEstimate(tilesSeconds + besideMs / 1000);
  }

  async #decode(): Promise<DecodedImage> {
    const rows = this.#stages.reading();
    const started = performance.now();
    const image = await openImage(this.#task, this.#services.limits, this.#guard, rows);
    if (image.alpha !== undefined) await bleedColours(image.colour, image.alpha);
    this.#decodeMs = performance.now() - started;
    return image;
  }

  #format(image: DecodedImage, target: Size, metadata: ResultMetadata): OutputFormat {
    const { options } = this.#task;
    return chooseFormat(
      { options, transparent: image.alpha !== undefined, sixteenBit: image.sixteenBit, ...target, metadata },
      this.#services.limits,
    );
  }

  /** One rung's try at the image. Leaves nothing behind when it fails. */
  async #draw(
    image: DecodedImage,
    rung: Rung,
    note: NoteAttempt,
    { format, target, metadata }: Aim,
  ): Promise<Drawn> {
    const started = performance.now();
    const progress = this.#stages.drawing(rung);
    const onPiece = (done: number, total: number) => progress.count(done, total);
    const painter = this.#painter(rung, note, onPiece);
    const size = drawnSize(image, painter, target);
    try {
      if (!goesStraightToJpeg(image, format, size, target))
        return { canvas: await drawOnCanvas(image, painter, size, this.#easel) };
      const { resultPath, options } = this.#task;
      const { threads } = this.#services;
      const terms = { resultPath, size, quality: options.quality, metadata, threads };
      return { bytes: await drawJpeg(image, painter, terms, this.#clock) };
    } catch (error) {
      await this.#easel.clear();
      throw error;
    } finally {
      progress.stop();
      this.#drawMs += performance.now() - started;
    }
  }

  #painter(rung: Rung, note: NoteAttempt, onPiece: RenderContext['onTile']): Painter {
    if (rung.kind === 'lanczos')
      return new PlainPainter(this.#task.id, this.#services.turns, this.#guard, onPiece);
    const overlapPx = this.#task.options.tileOverlapPx ?? rung.model.entry.overlapPx;
    return new NetworkPainter(rung, overlapPx, this.#renderContext(note, onPiece));
  }

  #renderContext(note: NoteAttempt, onTile: RenderContext['onTile']): RenderContext {
    return {
      jobId: this.#task.id,
      turns: this.#services.turns,
      guard: this.#guard,
      note,
      clock: this.#clock,
      onTile,
    };
  }

  async #encode(drawn: Drawn, image: DecodedImage, aim: Aim): Promise<number> {
    if ('bytes' in drawn) return drawn.bytes;
    this.#guard.check();
    const { width, height } = aim.target;
    const expectedMs = this.#services.beside.encodingMs(aim.format, width * height);
    const stop = this.#stages.writing(this.#clock.tiles, this.#task.resultPath, expectedMs);
    try {
      return await this.#write(drawn.canvas, image, aim);
    } finally {
      stop();
    }
  }

  /** The canvas, as the file that was asked for. @returns its bytes. */
  async #write(canvas: Canvas, image: DecodedImage, aim: Aim): Promise<number> {
    const started = performance.now();
    const icc = await resultProfile(image);
    await canvas.complete(icc === undefined ? {} : { icc });
    const { options, resultPath, workFolder } = this.#task;
    const { format, target, metadata } = aim;
    const transparent = image.alpha !== undefined;
    const encoded = encode({
      canvasPath: canvas.path,
      grey: image.grey,
      sixteenBit: image.sixteenBit,
      transparent,
      profiled: icc !== undefined,
      from: canvas.shape,
      to: target,
      format,
      quality: options.quality,
      background: await inProfile(options.background, transparent ? image.icc : undefined, workFolder),
      resultPath,
      timeoutSeconds: this.#guard.secondsLeft,
    });
    await this.#guard.timed(encoded);
    // Its room on the disk is for the copy that metadata may need.
    await this.#easel.clear();
    const bytes = await graft(resultPath, format, metadata);
    this.#encodeMs = performance.now() - started;
    this.#guard.check();
    return bytes;
  }

  /** What overlaps counts once: encoding beside inference is the wait for it that remains. */
  #timings(): UpscaleResult['timings'] {
    const { inferMs, turnWaitMs, sinkMs } = this.#clock;
    return {
      decodeMs: this.#decodeMs,
      inferMs,
      blendMs: Math.max(0, this.#drawMs - inferMs - turnWaitMs - sinkMs),
      encodeMs: this.#encodeMs + sinkMs,
      turnWaitMs,
    };
  }
}

/** A grey picture whose transparency becomes a colour is no longer grey. */
function asShown(
  image: DecodedImage,
  format: OutputFormat,
  [red, green, blue]: UpscaleOptions['background'],
): DecodedImage {
  const tinted = format === 'jpeg' && image.alpha !== undefined && (red !== green || green !== blue);
  return tinted ? { ...image, grey: false } : image;
}

/**
 * Upscales one image: decode, bleed colours under transparency, draw on the first rung that serves, encode at exactly
 * the promised size. The result is at `task.resultPath`; nothing else is left in the work folder.
 * @throws TesseraError: corrupt_image, image_too_large, output_too_large, cancelled, deadline_exceeded, disk_full,
 * fallback_refused; RungLost; OutOfMemory.
 */
export function upscale(
  task: UpscaleTask,
  services: PipelineServices,
  hooks: PipelineHooks,
): Promise<UpscaleResult> {
  return new Upscale(task, services, hooks).run();
}
