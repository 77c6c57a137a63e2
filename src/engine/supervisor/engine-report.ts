import type { LearntSpeed, ModelStatus, ProviderStatus } from '../../domain/types.js';

/**
 * What the engines last said of models and providers, and all that they learnt; outlives them, so that `/models` also answers
 * between two engines and no engine learns anew what another died of.
 */
export class EngineReport {
  #models: readonly ModelStatus[] = [];
  #providers: readonly ProviderStatus[] = [];
  readonly #learnt = new Map<string, LearntSpeed>();

  get models(): readonly ModelStatus[] {
    return this.#models;
  }

  get providers(): readonly ProviderStatus[] {
    return this.#providers;
  }

  /** What an engine that starts now should know: of each candidate the smallest tile that was needed, and the latest speed. */
  get learnt(): readonly LearntSpeed[] {
    return [...this.#learnt.values()];
  }

  /** The latest word counts, but what another engine has measured is kept. */
  update(
    models: readonly ModelStatus[],
    providers: readonly ProviderStatus[],
    learnt: readonly LearntSpeed[],
  ): void {
    for (const candidate of learnt) this.#learn(candidate);
    this.#models = models.map((model) => {
      // Other weights under the name have speeds of their own.
      const known = this.#models.find(({ name, sha256 }) => name === model.name && sha256 === model.sha256);
      return {
        ...model,
        microsecondsPerPixel: { ...known?.microsecondsPerPixel, ...model.microsecondsPerPixel },
      };
    });
    this.#providers = providers;
  }

  #learn(candidate: LearntSpeed): void {
    const key = `${candidate.model}@${candidate.provider}`;
    const known = this.#learnt.get(key);
    const tileSizePx = Math.min(known?.tileSizePx ?? Infinity, candidate.tileSizePx ?? Infinity);
    this.#learnt.set(key, { ...known, ...candidate, ...(tileSizePx === Infinity ? {} : { tileSizePx }) });
  }
}
