import type { LearntCandidate, LearntCosts, PixelTime, Work } from '../domain/learnt-costs.js';
import {
  type ImageHeader,
  LANCZOS,
  type OutputFormat,
  type Provider,
  type UpscaleOptions,
  type UpscaleResult,
} from '../domain/types.js';
import { PixelCost } from './pixel-cost.js';
import { type TileLimits, UNLIMITED } from './tile-grid.js';

/** The weight of a tile against all tiles before it: after five tiles a change is mostly believed. */
const WEIGHT_OF_A_TILE = 0.3;
/** Smaller tiles weigh less: their time is mostly overhead. */
const FULL_WEIGHT_PIXELS = 128 * 128;
/** Tiles below the size of the first measurement weigh nothing, however many come. */
const MIN_PIXELS = 64 * 64;
/** A tile counts as at most this much slower than known: one stall of the machine must not condemn a candidate. */
const MAX_SLOWDOWN_OF_A_TILE = 4;
/** The small tiles of a measurement fit into caches: a pixel of them may be this much faster than one of an image. */
const SMALL_TILES_FLATTER = 1.5;
/** A speed that is corrected to less than this share of it was wrong. */
const WRONG_BY = 0.8;

/** Estimates until jobs have shown the true times: of photographs, decoded on one core and encoded at the default quality on two. */
const FIRST_GUESSES: Readonly<Partial<Record<Work, PixelTime>>> = {
  // In WebAssembly.
  'decode heic': { fixedMs: 100, microsecondsPerPixel: 0.15 },
  blend: { fixedMs: 1, microsecondsPerPixel: 0.1 },
  mix: { fixedMs: 1, microsecondsPerPixel: 0.02 },
  // The first time in a process it is compiled meanwhile: 283 ms for 2.3 megapixels.
  resample: { fixedMs: 200, microsecondsPerPixel: 0.04 },
  // Mostly encoded while tiles are computed.
  'encode jpeg': { fixedMs: 5, microsecondsPerPixel: 0.01 },
  'encode avif': { fixedMs: 5, microsecondsPerPixel: 0.3 },
};
const DECODING: PixelTime = { fixedMs: 2, microsecondsPerPixel: 0.03 };
const ENCODING: PixelTime = { fixedMs: 5, microsecondsPerPixel: 0.1 };
/** With encoding. */
const SHARPENING: PixelTime = { fixedMs: 10, microsecondsPerPixel: 0.04 };

function firstGuess(work: Work): PixelTime {
  if (work.startsWith('sharpen')) return SHARPENING;
  return FIRST_GUESSES[work] ?? (work.startsWith('decode') ? DECODING : ENCODING);
}

/** The options that change what is done to a picture beside its tiles. */
type Finish = Pick<UpscaleOptions, 'strength' | 'sharpen'>;

/** An image, as far as its costs beside the tiles depend on it. */
export interface ImageWork {
  readonly header: Pick<ImageHeader, 'format' | 'width' | 'height'>;
  /** 2 with alpha, which is drawn as an image of its own; else 1. */
  readonly rasters: 1 | 2;
  readonly resultPixels: number;
  /** Of the result. */
  readonly format: OutputFormat;
  readonly options: Finish;
}

/** What an image costs after decoding and beside its tiles, in milliseconds: drawing and encoding. */
export interface FinishingCost {
  /** Where a network computes the tiles. */
  readonly networkMs: number;
  /** Where Lanczos draws. */
  readonly lanczosMs: number;
}

/**
 * What work costs, learnt from tiles and jobs: the time of a pixel and the tile size of each candidate (a model, by `modelKey`, on a
 * provider), and the times of decoding, blending, resampling and encoding. An engine learns it; `learnt` goes to the server process with
 * the engine's status, and from there to the engine's successor.
 */
export class CostModel {
  readonly #candidates = new Map<string, LearntCandidate>();
  readonly #work = new Map<Work, PixelCost>();
  /** When a candidate's speed was last measured in this process, by `nowMs`. */
  readonly #measuredMs = new Map<string, number>();

  /**
   * @param limits of the tiles of one engine.
   * @param onNews called when a candidate is measured for the first time, or needs smaller tiles: the server process should know it at once.
   * @param nowMs milliseconds, rising.
   */
  constructor(
    learnt?: LearntCosts,
    readonly limits: TileLimits = UNLIMITED,
    private readonly onNews: () => void = () => {},
    readonly nowMs: () => number = () => performance.now(),
  ) {
    if (learnt !== undefined) this.update(learnt);
  }

  get learnt(): LearntCosts {
    const work = [...this.#work].map(([kind, cost]) => [kind, cost.time]);
    return { candidates: [...this.#candidates.values()], work: Object.fromEntries(work) };
  }

  /** Takes what another process has learnt: its times replace those known, the smaller tile sizes stay. */
  update({ candidates, work }: LearntCosts): void {
    for (const { model, provider, tileSizePx, microsecondsPerPixel } of candidates) {
      if (microsecondsPerPixel !== undefined) this.#learn(model, provider, { microsecondsPerPixel });
      if (tileSizePx !== undefined && tileSizePx < this.tileSize(model, provider))
        this.#learn(model, provider, { tileSizePx });
    }
    for (const [kind, time] of Object.entries(work)) this.#work.set(kind as Work, new PixelCost(time));
  }

  /** @returns measured microseconds per input pixel, or undefined. */
  speed(model: string, provider: Provider): number | undefined {
    return this.#candidates.get(keyOf(model, provider))?.microsecondsPerPixel;
  }

  recordSpeed(model: string, provider: Provider, inputPixels: number, ms: number): void {
    if (!(inputPixels > 0) || !(ms >= 0)) return;
    const known = this.speed(model, provider);
    this.#measuredMs.set(keyOf(model, provider), this.nowMs());
    if (known !== undefined && inputPixels < MIN_PIXELS) return;
    const most = known ? known * MAX_SLOWDOWN_OF_A_TILE : Number.POSITIVE_INFINITY;
    const measured = Math.min((ms * 1000) / inputPixels, most);
    const weight = known === undefined ? 1 : WEIGHT_OF_A_TILE * Math.min(1, inputPixels / FULL_WEIGHT_PIXELS);
    this.#learn(model, provider, { microsecondsPerPixel: (known ?? 0) * (1 - weight) + measured * weight });
    if (known === undefined) this.onNews();
  }

  /**
   * Takes a measurement of a small tile, made because the known speed may be too slow. It makes a candidate faster, never slower: the tiles
   * of images do that.
   * @returns whether the known speed was wrong.
   */
  correctSpeed(model: string, provider: Provider, inputPixels: number, ms: number): boolean {
    const measured = ((ms * 1000) / inputPixels) * SMALL_TILES_FLATTER;
    const known = this.speed(model, provider) ?? Number.POSITIVE_INFINITY;
    this.#measuredMs.set(keyOf(model, provider), this.nowMs());
    if (measured < known) this.#learn(model, provider, { microsecondsPerPixel: measured });
    return measured < known * WRONG_BY;
  }

  /** @returns when a speed was last measured in this process, by `nowMs`; -Infinity before that. */
  measuredAtMs(model: string, provider: Provider): number {
    return this.#measuredMs.get(keyOf(model, provider)) ?? Number.NEGATIVE_INFINITY;
  }

  /** @returns the largest tile side, in input pixels, that fitted after a larger one did not; Infinity before that. */
  tileSize(model: string, provider: Provider): number {
    return this.#candidates.get(keyOf(model, provider))?.tileSizePx ?? Number.POSITIVE_INFINITY;
  }

  rememberTileSize(model: string, provider: Provider, tileSizePx: number): void {
    if (tileSizePx >= this.tileSize(model, provider)) return;
    this.#learn(model, provider, { tileSizePx });
    this.onNews();
  }

  /** Learns from a job that is done what it cost beside its tiles. */
  recordJob({ format, width, height, hasAlpha }: ImageHeader, result: UpscaleResult): void {
    const { decodeMs, blendMs, encodeMs } = result.timings;
    const rasters = hasAlpha ? 2 : 1;
    const sourcePixels = width * height;
    const resultPixels = result.width * result.height;
    this.#record(`decode ${format}`, sourcePixels, decodeMs);
    // The time of a reduction goes by the source's pixels, and would spoil what is known of a result's.
    if (resultPixels < sourcePixels) return;
    if (result.model === LANCZOS) this.#record('resample', resultPixels * rasters, blendMs);
    else this.#record('blend', sourcePixels * rasters, blendMs);
    const encoding: Work = `${result.steps?.includes('sharpen') ? 'sharpen' : 'encode'} ${result.format}`;
    // Mixing is done on the way to the encoder, and its time is counted there.
    if (result.steps?.includes('mix'))
      this.#record(
        'mix',
        resultPixels,
        Math.max(0, encodeMs - this.#costOf(encoding).estimateMs(resultPixels)),
      );
    else this.#record(encoding, resultPixels, encodeMs);
  }

  decodingMs({ format, width, height }: ImageWork['header']): number {
    return this.#costOf(`decode ${format}`).estimateMs(width * height);
  }

  encodingMs(format: OutputFormat, resultPixels: number, { sharpen }: Finish): number {
    const work = sharpen === undefined ? 'encode' : 'sharpen';
    return this.#costOf(`${work} ${format}`).estimateMs(resultPixels);
  }

  finishing({ header, rasters, resultPixels, format, options }: ImageWork): FinishingCost {
    const encodingMs = this.encodingMs(format, resultPixels, options);
    const mixingMs = options.strength === undefined ? 0 : this.#costOf('mix').estimateMs(resultPixels);
    const sourcePixels = header.width * header.height;
    // A reduction is drawn at the size of the source.
    const drawnPixels = Math.max(resultPixels, sourcePixels);
    return {
      networkMs: this.#costOf('blend').estimateMs(sourcePixels * rasters) + mixingMs + encodingMs,
      lanczosMs: this.#costOf('resample').estimateMs(drawnPixels * rasters) + encodingMs,
    };
  }

  #learn(model: string, provider: Provider, news: Partial<LearntCandidate>): void {
    const key = keyOf(model, provider);
    this.#candidates.set(key, { model, provider, ...this.#candidates.get(key), ...news });
  }

  #record(work: Work, pixels: number, ms: number): void {
    const cost = this.#costOf(work);
    cost.record(pixels, ms);
    this.#work.set(work, cost);
  }

  #costOf(work: Work): PixelCost {
    return this.#work.get(work) ?? new PixelCost(firstGuess(work));
  }
}

function keyOf(model: string, provider: Provider): string {
  return `${model}@${provider}`;
}
