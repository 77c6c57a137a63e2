import type { LearntSpeed, Provider } from '../../domain/types.js';

/** What one measurement counts at most against what is known: after five tiles a change is mostly believed. */
const WEIGHT_OF_A_TILE = 0.3;
/** Smaller tiles count less: their time is mostly overhead. */
const FULL_WEIGHT_PIXELS = 128 * 128;
/** And below the size of the first measurement they count nothing, however many come. */
const MIN_PIXELS = 64 * 64;
/** A tile may say that a candidate is this much slower than known, not more: one stall of the machine must not condemn it. */
const MAX_SLOWDOWN_OF_A_TILE = 4;
/** The small tiles of a measurement may be this much faster, pixel by pixel, than those of an image: they fit into caches. */
const SMALL_TILES_FLATTER = 1.5;
/** A correction to less than this share of what was known says that it was wrong. */
const WRONG_BY = 0.8;

/**
 * What was learnt of each model (by `modelKey`) on each provider while it worked. Outlives the sessions, and by `learnt` the process: its successor
 * begins with it.
 */
export class SpeedMemory {
  readonly #speeds = new Map<string, number>();
  readonly #tileSizes = new Map<string, number>();
  /** By the keys of the maps above. */
  readonly #candidates = new Map<string, Pick<LearntSpeed, 'model' | 'provider'>>();
  /** When a speed was measured last, by `nowMs`. */
  readonly #measuredMs = new Map<string, number>();
  readonly #onTileSize: () => void;

  /**
   * @param learnt by earlier processes.
   * @param onTileSize called when a smaller tile size is remembered: worth telling at once, since memory that is short may end
   * the process before long.
   * @param roomyTilePx largest tile side, in input pixels, for which the memory budget leaves room without a second thought.
   * @param mostLanes tiles of a slow model that there are processors and memory for at once.
   * @param nowMs milliseconds, rising.
   */
  constructor(
    learnt: readonly LearntSpeed[] = [],
    onTileSize: () => void = () => {},
    readonly roomyTilePx: number = Number.POSITIVE_INFINITY,
    readonly maxWorkers: number = 1,
    readonly nowMs: () => number = () => performance.now(),
  ) {
    for (const { model, provider, tileSizePx, microsecondsPerPixel } of learnt) {
      const key = this.#key(model, provider);
      if (tileSizePx !== undefined) this.#tileSizes.set(key, tileSizePx);
      if (microsecondsPerPixel !== undefined) this.#speeds.set(key, microsecondsPerPixel);
    }
    this.#onTileSize = onTileSize;
  }

  /** All that is known. */
  get learnt(): readonly LearntSpeed[] {
    return [...this.#candidates].map(([key, candidate]) => {
      const tileSizePx = this.#tileSizes.get(key);
      const microsecondsPerPixel = this.#speeds.get(key);
      return {
        ...candidate,
        ...(tileSizePx === undefined ? {} : { tileSizePx }),
        ...(microsecondsPerPixel === undefined ? {} : { microsecondsPerPixel }),
      };
    });
  }

  /** @returns measured microseconds per input pixel, or undefined. */
  speed(model: string, provider: Provider): number | undefined {
    return this.#speeds.get(keyOf(model, provider));
  }

  recordSpeed(model: string, provider: Provider, inputPixels: number, ms: number): void {
    if (!(inputPixels > 0) || !(ms >= 0)) return;
    const known = this.speed(model, provider);
    this.#measuredMs.set(keyOf(model, provider), this.nowMs());
    if (known !== undefined && inputPixels < MIN_PIXELS) return;
    const most = known ? known * MAX_SLOWDOWN_OF_A_TILE : Number.POSITIVE_INFINITY;
    const measured = Math.min((ms * 1000) / inputPixels, most);
    const weight = known === undefined ? 1 : WEIGHT_OF_A_TILE * Math.min(1, inputPixels / FULL_WEIGHT_PIXELS);
    this.#speeds.set(this.#key(model, provider), (known ?? 0) * (1 - weight) + measured * weight);
  }

  /**
   * Takes a measurement that was made because the speed known may be too slow. That of a small tile makes a network faster, never
   * slower: images themselves tell that.
   * @returns whether what was known was wrong.
   */
  correctSpeed(model: string, provider: Provider, inputPixels: number, ms: number): boolean {
    const measured = ((ms * 1000) / inputPixels) * SMALL_TILES_FLATTER;
    const known = this.speed(model, provider) ?? Number.POSITIVE_INFINITY;
    this.#measuredMs.set(keyOf(model, provider), this.nowMs());
    if (measured < known) this.#speeds.set(this.#key(model, provider), measured);
    return measured < known * WRONG_BY;
  }

  /** @returns when a speed was measured last, by this memory's clock; -Infinity when that was in an earlier process, or never. */
  measuredAtMs(model: string, provider: Provider): number {
    return this.#measuredMs.get(keyOf(model, provider)) ?? Number.NEGATIVE_INFINITY;
  }

  /** @returns the largest tile side, in pixels, known to fit after a larger one did not; Infinity before that. */
  tileSize(model: string, provider: Provider): number {
    return this.#tileSizes.get(keyOf(model, provider)) ?? Number.POSITIVE_INFINITY;
  }

  rememberTileSize(model: string, provider: Provider, tileSizePx: number): void {
    if (tileSizePx >= this.tileSize(model, provider)) return;
    this.#tileSizes.set(this.#key(model, provider), tileSizePx);
    this.#onTileSize();
  }

  #key(model: string, provider: Provider): string {
    const key = keyOf(model, provider);
    this.#candidates.set(key, { model, provider });
    return key;
  }
}

function keyOf(model: string, provider: Provider): string {
  return `${model}@${provider}`;
}
