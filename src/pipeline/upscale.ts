import {
  type Attempt,
  LANCZOS,
  type OutputFormat,
  type UpscaleOptions,
  type UpscaleResult,
  type UpscaleTask,
} from '../domain/types.js';
import type { ChainRequest } from '../models/fallback/chain-request.js';
import { DeviceLost } from '../models/fallback/device-lost.js';
import { type Part, type ResultSize, resultSize } from '../options/result-size.js';
import { Cancellation } from './cancellation.js';
import { graft } from './graft/graft.js';
import type { DecodedImage } from './input/decode.js';
import { openImage } from './input/open-image.js';
import { inProfile } from './input/profile.js';
import { checkOutputSize } from './limits.js';
import type { ResultMetadata } from './metadata/image-metadata.js';
import { carriedMetadata } from './metadata/result-metadata.js';
import { chooseFormat, encode } from './output/encode.js';
import type { PipelineHooks, PipelineServices } from './pipeline-services.js';
import { Stages } from './progress/stages.js';
import { bleedColours } from './raster/bleed.js';
import type { Canvas } from './raster/canvas.js';
import { croppedRaster } from './raster/crop.js';
import { memoryError } from './raster/out-of-memory.js';
import { type Aim, Drawing, type Drawn } from './render/attempt.js';
import { CanvasStore, resultProfile } from './render/canvas-store.js';
import { stepsOf } from './steps.js';

/** A longer delay counts as the image's own cost. */
const MAX_BUSYNESS = 5;
/** Time that a small image may wait for a processor. */
const HICCUP_MS = 50;

/** One job, from its source to its result. */
class Upscale {
  readonly #task: UpscaleTask;
  readonly #services: PipelineServices;
  readonly #hooks: PipelineHooks;
  readonly #cancellation: Cancellation;
  readonly #canvases: CanvasStore;
  readonly #stages: Stages;
  readonly #drawing: Drawing;
  #decodeMs = 0;
  #encodeMs = 0;

  constructor(task: UpscaleTask, services: PipelineServices, hooks: PipelineHooks) {
    this.#task = task;
    this.#services = services;
    this.#hooks = hooks;
    this.#cancellation = new Cancellation(hooks.signal, task.deadlineAtMs);
    this.#canvases = new CanvasStore(task.workFolder);
    this.#stages = new Stages((progress) => hooks.onProgress(progress));
    this.#drawing = new Drawing(task, services, this.#stages, this.#cancellation, this.#canvases);
  }

  async run(): Promise<UpscaleResult> {
    const { options, header } = this.#task;
    const { chain, limits } = this.#services;
    const asked = chain.resolveScale({ ...options, sixteenBit: header.sixteenBit });
    try {
      this.#cancellation.check();
      const size = resultSize(options, header, asked);
      const { target } = size;
      checkOutputSize(target, options, limits);
      const decoded = await this.#decode(size.shown);
      const { metadata, notKept } = carriedMetadata(decoded, target, options.dpi);
      const aim: Aim = { format: this.#format(decoded, target, metadata), target, metadata };
      const image = asShown(decoded, aim.format, options.background);
      const onCandidate: ChainRequest['onCandidate'] = (model, provider) =>
        this.#stages.chosen(model, provider);
      const request = this.#chainRequest(size, image.alpha !== undefined, aim);
      const onAttempt = (attempt: Attempt) => this.#hooks.onAttempt(attempt);
      const served = await chain.serve({ ...request, onCandidate, onAttempt }, (candidate, note) =>
        this.#drawing.draw(image, candidate, note, aim),
      );
      const bytes = await this.#encode(served.value, image, aim);
      return {
        ...target,
        format: aim.format,
        bytes,
        scale: size.scale,
        steps: stepsOf(size, this.#task, served.model, served.value.nativeScale),
        model: served.model,
        ...(served.provider === undefined ? {} : { provider: served.provider }),
        tiles: this.#drawing.spent.tiles,
        fallback: served.fallback,
        attempts: served.attempts,
        timings: this.#timings(),
        droppedPages: header.pages - 1,
        ...(notKept.length === 0 ? {} : { notKept }),
      };
    } catch (error) {
      throw error instanceof DeviceLost ? error : memoryError(error);
    } finally {
      await this.#canvases.clear();
    }
  }

  #chainRequest(
    { scale, shown, reducesOnly }: ResultSize,
    hasAlpha: boolean,
    { format, target }: Omit<Aim, 'metadata'>,
  ): ChainRequest {
    const { width, height } = shown;
    const { options, header, deadlineAtMs, excludedCandidates, earlierAttempts } = this.#task;
    const rasters = hasAlpha ? 2 : 1;
    const model = reducesOnly ? LANCZOS : options.model;
    const { networkMs, lanczosMs } = this.#services.costs.finishing({
      header: { ...header, width, height },
      resultPixels: target.width * target.height,
      rasters,
      format,
      options,
    });
    return {
      ...(model === undefined ? {} : { model }),
      scale,
      sixteenBit: header.sixteenBit,
      width,
      height,
      rasters,
      finishing: { networkMs, lanczosMs: lanczosMs * this.#busyness },
      fallback: options.fallback,
      ...(options.tileSizePx === undefined ? {} : { tileSizePx: options.tileSizePx }),
      ...(options.tileOverlapPx === undefined ? {} : { tileOverlapPx: options.tileOverlapPx }),
      deadlineAtMs,
      excludedCandidates,
      earlierAttempts,
      signal: this.#hooks.signal,
    };
  }

  /**
   * How much slower than expected the image was decoded, from 1 to 5. Nothing else tells how busy the machine is. It
   * only counts for Lanczos, whose time is reserved when a network is late.
   */
  get #busyness(): number {
    const knownMs = this.#services.costs.decodingMs(this.#task.header);
    return Math.min(MAX_BUSYNESS, Math.max(1, (this.#decodeMs - HICCUP_MS) / knownMs));
  }

  async #decode(shown: Part): Promise<DecodedImage> {
    const rows = this.#stages.reading();
    const started = performance.now();
    const image = cropped(
      await openImage(this.#task, this.#services.limits, this.#cancellation, rows),
      shown,
    );
    if (image.alpha !== undefined) await bleedColours(image.colour, image.alpha);
    this.#decodeMs = performance.now() - started;
    return image;
  }

  #format(image: DecodedImage, target: Aim['target'], metadata: ResultMetadata): OutputFormat {
    const { options } = this.#task;
    return chooseFormat(
      { options, transparent: image.alpha !== undefined, sixteenBit: image.sixteenBit, ...target, metadata },
      this.#services.limits,
    );
  }

  async #encode(drawn: Drawn, image: DecodedImage, aim: Aim): Promise<number> {
    if ('bytes' in drawn) return drawn.bytes;
    this.#cancellation.check();
    const { width, height } = aim.target;
    const expectedMs = this.#services.costs.encodingMs(aim.format, width * height, this.#task.options);
    const stop = this.#stages.writing(this.#drawing.spent.tiles, this.#task.resultPath, expectedMs);
    try {
      return await this.#write(drawn.canvas, image, aim);
    } finally {
      stop();
    }
  }

  /**
   * Encodes the canvas into the requested file.
   * @returns its bytes.
   */
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
      ...(options.sharpen === undefined ? {} : { sharpen: options.sharpen }),
      background: await inProfile(options.background, transparent ? image.icc : undefined, workFolder),
      resultPath,
      timeoutSeconds: this.#cancellation.secondsLeft,
    });
    await this.#cancellation.timed(encoded);
    // Frees its disk space for the copy that metadata may need.
    await this.#canvases.clear();
    const bytes = await graft(resultPath, format, metadata);
    this.#encodeMs = performance.now() - started;
    this.#cancellation.check();
    return bytes;
  }

  /** Overlapping work counts once: the rest of the encoding that the job waits for. */
  #timings(): UpscaleResult['timings'] {
    const { inferMs, turnWaitMs, sinkMs, drawMs } = this.#drawing.spent;
    return {
      decodeMs: this.#decodeMs,
      inferMs,
      blendMs: Math.max(0, drawMs - inferMs - turnWaitMs - sinkMs),
      encodeMs: this.#encodeMs + sinkMs,
      turnWaitMs,
    };
  }
}

/** The part of an image that its result shows. */
function cropped(image: DecodedImage, part: Part): DecodedImage {
  const { colour, alpha } = image;
  if (part.width === colour.width && part.height === colour.height) return image;
  return {
    ...image,
    colour: croppedRaster(colour, part),
    alpha: alpha && croppedRaster(alpha, part),
  };
}

/** A grey picture on a coloured background is no longer grey. */
function asShown(
  image: DecodedImage,
  format: OutputFormat,
  [red, green, blue]: UpscaleOptions['background'],
): DecodedImage {
  const tinted = format === 'jpeg' && image.alpha !== undefined && (red !== green || green !== blue);
  return tinted ? { ...image, grey: false } : image;
}

/**
 * Upscales one image: decodes it, bleeds colours under transparency, draws it with the first candidate that serves,
 * and encodes it at exactly the promised size. The result is at `task.resultPath`; nothing else stays in the work
 * folder.
 * @throws TesseraError: corrupt_image, image_too_large, output_too_large, cancelled, deadline_exceeded, disk_full,
 * fallback_refused; DeviceLost; OutOfMemory.
 */
export function upscale(
  task: UpscaleTask,
  services: PipelineServices,
  hooks: PipelineHooks,
): Promise<UpscaleResult> {
  return new Upscale(task, services, hooks).run();
}
