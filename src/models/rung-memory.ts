import type { Provider } from '../types.js';

/** What one measurement counts at most against what is known: after five tiles a change is mostly believed. */
const WEIGHT_OF_A_TILE = 0.3;
/** Smaller tiles count less: their time is mostly overhead. */
const FULL_WEIGHT_PIXELS = 128 * 128;
/** A tile may say that a rung is this much slower than known, not more: one stall of the machine must not condemn it. */
const MOST_SLOWDOWN_OF_A_TILE = 4;

/** What was learnt of each model on each provider while it worked. Outlives the sessions. */
export class RungMemory {
  readonly #speeds = new Map<string, number>();
  readonly #tileSizes = new Map<string, number>();

  /** @returns measured microseconds per input pixel, or undefined. */
  speed(model: string, provider: Provider): number | undefined {
    return this.#speeds.get(key(model, provider));
  }

  recordSpeed(model: string, provider: Provider, inputPixels: number, ms: number): void {
    if (!(inputPixels > 0) || !(ms >= 0)) return;
    const known = this.speed(model, provider);
    const most = known ? known * MOST_SLOWDOWN_OF_A_TILE : Number.POSITIVE_INFINITY;
    const measured = Math.min((ms * 1000) / inputPixels, most);
    const weight = known === undefined ? 1 : WEIGHT_OF_A_TILE * Math.min(1, inputPixels / FULL_WEIGHT_PIXELS);
    this.#speeds.set(key(model, provider), (known ?? 0) * (1 - weight) + measured * weight);
  }

  /** @returns the largest tile side, in pixels, known to fit after a larger one did not; Infinity before that. */
  tileSize(model: string, provider: Provider): number {
    return this.#tileSizes.get(key(model, provider)) ?? Number.POSITIVE_INFINITY;
  }

  rememberTileSize(model: string, provider: Provider, tileSizePx: number): void {
    if (tileSizePx < this.tileSize(model, provider)) this.#tileSizes.set(key(model, provider), tileSizePx);
  }
}

function key(model: string, provider: Provider): string {
  return `${model}@${provider}`;
}
